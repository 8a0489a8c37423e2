/// A schema that is refused, with the keyword and its place.
public struct SchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The keyword that cannot be honoured.
    public let keyword: String
    /// Its schema, as a JSON Pointer into the document (RFC 6901); empty for the root.
    public let place: String
    /// What was expected, or why the keyword is refused.
    public let reason: String

    public var description: String { "the schema at \"\(place)\" cannot be honoured: \(keyword): \(reason)" }
}
