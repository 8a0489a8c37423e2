// Declarations, calls and replies are made of JSON values.
@_exported public import FlowJSON
