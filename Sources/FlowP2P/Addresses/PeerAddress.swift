public import FlowEncoding

/// Where a node can be reached, as BIP-155 writes it.
///
/// `time u32 · services CompactSize · network u8 · address (CompactSize length, bytes) · port u16 big-endian`
public struct PeerAddress: Hashable, Sendable {
    /// The kind of address; unknown ones are kept and passed over.
    public struct Network: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        static let ipv4 = Network(rawValue: 1)
        static let ipv6 = Network(rawValue: 2)
        static let torV3 = Network(rawValue: 4)
        static let i2p = Network(rawValue: 5)
        static let cjdns = Network(rawValue: 6)

        /// Bytes of an address of this kind; nil for an unknown kind.
        var addressLength: Int? {
            switch self {
            case .ipv4: 4
            case .ipv6, .cjdns: 16
            case .torV3, .i2p: 32
            default: nil
            }
        }
    }

    /// When somebody last heard of the node, in seconds since 1970.
    public var time: UInt32
    public var services: ServiceFlags
    public var network: Network
    public var address: [UInt8]
    public var port: UInt16

    init(time: UInt32, services: ServiceFlags, network: Network, address: [UInt8], port: UInt16) {
        self.time = time
        self.services = services
        self.network = network
        self.address = address
        self.port = port
    }

    /// `1.2.3.4` or `2001:db8:0:0:0:0:0:1`; nil for kinds of address that have no such form.
    public var host: String? {
        switch network {
        case .ipv4 where address.count == 4: address.map { String($0) }.joined(separator: ".")
        case .ipv6 where address.count == 16:
            stride(from: 0, to: 16, by: 2)
                .map { String(UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]), radix: 16) }.joined(separator: ":")
        default: nil
        }
    }
}

extension PeerAddress: BinaryCodable {
    static let minimumLength = 4 + 1 + 1 + 1 + 2

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        time = try reader.readUInt32()
        services = ServiceFlags(rawValue: try reader.readCompactSize())
        network = Network(rawValue: try reader.readUInt8())
        let offset = reader.offset
        address = try reader.readVarBytes(limit: ProtocolLimits.addressBytes)
        if let length = network.addressLength, address.count != length {
            throw .invalidValue("an address of network \(network.rawValue) has \(length) bytes, not \(address.count)", offset: offset)
        }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]
        if network == .ipv6 && address.starts(with: mapped) {
            throw .invalidValue("an IPv4 address is written as one, not inside IPv6", offset: offset)
        }
        port = try reader.readUInt16BigEndian()
    }

    public func encode(to writer: inout ByteWriter) {
        writer.write(time)
        writer.writeCompactSize(services.rawValue)
        writer.write(network.rawValue)
        writer.writeVarBytes(address)
        writer.writeBigEndian(port)
    }
}
