public import FlowEncoding

/// A key whose bytes sort as the keys do.
///
/// Little-endian numbers do not, so numbers are written big-endian here. A type of fixed size whose binary form sorts well,
/// such as a hash, needs only `extension Hash: TableKey {}`.
public protocol TableKey: Sendable {
    var tableKey: [UInt8] { get }
    init(tableKey: [UInt8]) throws(DecodingFault)
}

extension TableKey where Self: BinaryCodable {
    public var tableKey: [UInt8] { encoded }
    public init(tableKey: [UInt8]) throws(DecodingFault) { try self.init(decoding: tableKey) }
}

extension TableKey where Self: FixedWidthInteger & UnsignedInteger {
    public var tableKey: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }

    public init(tableKey: [UInt8]) throws(DecodingFault) {
        let size = MemoryLayout<Self>.size
        guard tableKey.count == size else {
            throw .invalidValue("a key of \(size) bytes has \(tableKey.count)", offset: 0)
        }
        self = tableKey.withUnsafeBytes { Self(bigEndian: $0.loadUnaligned(as: Self.self)) }
    }
}

extension UInt32: TableKey {}
extension UInt64: TableKey {}

extension [UInt8]: TableKey {
    public var tableKey: [UInt8] { self }
    public init(tableKey: [UInt8]) throws(DecodingFault) { self = tableKey }
}
