// Schemas are JSON values.
@_exported public import FlowJSON
