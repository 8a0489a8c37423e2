public import FlowEncoding

/// A value that a `Table` can keep. Binary-codable types need only `extension Type: TableValue {}`.
public protocol TableValue: Sendable {
    var tableValue: [UInt8] { get }
    init(tableValue: [UInt8]) throws(DecodingFault)
}

extension TableValue where Self: BinaryCodable {
    public var tableValue: [UInt8] { encoded }
    public init(tableValue: [UInt8]) throws(DecodingFault) { try self.init(decoding: tableValue) }
}

extension [UInt8]: TableValue {
    public var tableValue: [UInt8] { self }
    public init(tableValue: [UInt8]) throws(DecodingFault) { self = tableValue }
}
