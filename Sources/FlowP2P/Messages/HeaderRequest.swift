public import FlowCrypto
public import FlowEncoding

/// `getheaders`: asks for the headers after the first hash of the locator that the other side has on its best chain.
///
/// `protocolVersion u32 · locator (CompactSize count, hashes of 32 bytes) · stop 32`
public struct HeaderRequest: Equatable, Sendable {
    public var protocolVersion: UInt32
    /// Hashes of blocks from the tip backwards, at most 101.
    public var locator: [Hash256]
    /// The last header wanted; zero for as many as one message holds.
    public var stop: Hash256

    public init(
        protocolVersion: UInt32 = ProtocolLimits.protocolVersion, locator: [Hash256], stop: Hash256 = .zero
    ) {
        self.protocolVersion = protocolVersion
        self.locator = locator
        self.stop = stop
    }
}

extension HeaderRequest: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        protocolVersion = try reader.readUInt32()
        locator = try reader.readArray(limit: UInt64(ProtocolLimits.locatorHashes), minimumElementSize: 32)
        stop = try Hash256(from: &reader)
    }

    public func encode(to writer: inout ByteWriter) {
        writer.write(protocolVersion)
        writer.writeArray(locator)
        stop.encode(to: &writer)
    }
}
