public import FlowCrypto
public import FlowEncoding

/// The first message of each side: who speaks, and on which chain.
///
/// `protocolVersion u32 · services u64 · time u64 · genesisHash 32 · nonce u64 · userAgent (CompactSize, UTF-8) ·
/// startHeight u32 · relay u8 (0 or 1)`
public struct VersionMessage: Equatable, Sendable {
    public var protocolVersion: UInt32
    public var services: ServiceFlags
    /// The sender's clock in seconds since 1970.
    public var time: UInt64
    /// The chain's first block: a node of another chain is refused with a clear reason.
    public var genesisHash: Hash256
    /// Chosen at random by a node when it starts; who receives the own one is talking to itself.
    public var nonce: UInt64
    /// Name and version of the software, at most 256 bytes, as `/flowcoind:0.1.0/`.
    public var userAgent: String
    /// Height of the sender's best block.
    public var startHeight: UInt32
    /// Whether the sender wants transactions announced.
    public var relay: Bool

    public init(
        protocolVersion: UInt32 = ProtocolLimits.protocolVersion, services: ServiceFlags, time: UInt64,
        genesisHash: Hash256, nonce: UInt64, userAgent: String, startHeight: UInt32, relay: Bool = true
    ) {
        self.protocolVersion = protocolVersion
        self.services = services
        self.time = time
        self.genesisHash = genesisHash
        self.nonce = nonce
        self.userAgent = userAgent
        self.startHeight = startHeight
        self.relay = relay
    }
}

extension VersionMessage: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        protocolVersion = try reader.readUInt32()
        services = ServiceFlags(rawValue: try reader.readUInt64())
        time = try reader.readUInt64()
        genesisHash = try Hash256(from: &reader)
        nonce = try reader.readUInt64()
        let agentOffset = reader.offset
        let agent = try reader.readVarBytes(limit: ProtocolLimits.userAgentBytes)
        // Only what survives the way to text and back, and no control characters for a terminal to obey.
        userAgent = String(decoding: agent, as: UTF8.self)
        guard userAgent.utf8.elementsEqual(agent), agent.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw .invalidValue("the user agent is no printable UTF-8 text", offset: agentOffset)
        }
        startHeight = try reader.readUInt32()
        let relayOffset = reader.offset
        switch try reader.readUInt8() {
        case 0: relay = false
        case 1: relay = true
        default: throw .invalidValue("the relay flag is neither 0 nor 1", offset: relayOffset)
        }
    }

    public func encode(to writer: inout ByteWriter) {
        writer.write(protocolVersion)
        writer.write(services.rawValue)
        writer.write(time)
        genesisHash.encode(to: &writer)
        writer.write(nonce)
        writer.writeVarBytes(Array(userAgent.utf8))
        writer.write(startHeight)
        writer.write(UInt8(relay ? 1 : 0))
    }
}
