/// A host, or all hosts whose addresses begin with the same bits: `1.2.3.4`, `1.2.0.0/16`, `1.2.0.0/255.255.0.0`, `2001:db8::/32`, or a name. An IPv4
/// address inside IPv6 (`::ffff:1.2.3.4`) is the IPv4 address.
public struct NetworkRange: Hashable, Sendable, CustomStringConvertible {
    private enum Form: Hashable, Sendable {
        case name(String)
        /// The bits behind the first `length` are zero.
        case addresses(PeerAddress.Network, [UInt8], length: Int)
    }

    private let form: Form

    private init(_ form: Form) { self.form = form }

    /// The range of one host.
    init(host: String) {
        // A link-local address comes with the name of the interface.
        let number = host.contains(":") ? String(host.prefix { $0 != "%" }) : host
        if let address = PeerAddress(PeerEndpoint(host: number, port: 0), time: 0, services: []) {
            self.init(.addresses(address.network, address.address, length: address.address.count * 8))
        } else {
            self.init(.name(host))
        }
    }

    /// Reads a host, or an address and the number of its bits that count, which IPv4 may write as a mask.
    /// - Returns: nil where the text is neither; IPv4 has 0 to 32 bits, IPv6 0 to 128, IPv4 inside IPv6 96 to 128.
    public init?(_ text: String) {
        guard let slash = text.firstIndex(of: "/") else {
            guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
            self.init(host: text)
            return
        }
        let host = String(text[..<slash])
        guard let address = PeerAddress(PeerEndpoint(host: host, port: 0), time: 0, services: []),
            var length = Self.length(String(text[text.index(after: slash)...]), of: address.network)
        else { return nil }
        if address.network == .ipv4, host.contains(":") { length -= 96 }
        guard (0...address.address.count * 8).contains(length) else { return nil }
        self.init(.addresses(address.network, Self.masked(address.address, length), length: length))
    }

    /// The number of bits that a text names, by itself or as a mask.
    private static func length(_ text: String, of network: PeerAddress.Network) -> Int? {
        if (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Int(text) }
        guard network == .ipv4, !text.contains(":"), let mask = PeerAddress(PeerEndpoint(host: text, port: 0), time: 0, services: []), mask.network == .ipv4
        else { return nil }
        let bits = mask.address.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let length = (~bits).leadingZeroBitCount
        return bits == (length == 0 ? 0 : UInt32.max << (32 - length)) ? length : nil
    }

    /// Whether all of another range lies in this one.
    public func contains(_ other: NetworkRange) -> Bool {
        guard case .addresses(let network, let bytes, let length) = form,
            case .addresses(network, let otherBytes, let otherLength) = other.form
        else { return form == other.form }
        return otherLength >= length && Self.masked(otherBytes, length) == bytes
    }

    /// Whether it is made of addresses, and is no name.
    public var isAddresses: Bool { if case .addresses = form { true } else { false } }

    /// Whether it is one host rather than several.
    var isHost: Bool {
        switch form {
        case .name: true
        case .addresses(_, let bytes, let length): length == bytes.count * 8
        }
    }

    /// The host, or the first address and the number of bits, in one form for each range.
    public var description: String {
        switch form {
        case .name(let name): return name
        case .addresses(let network, let bytes, let length):
            let host = PeerAddress(time: 0, services: [], network: network, address: bytes, port: 0).host ?? ""
            return isHost ? host : "\(host)/\(length)"
        }
    }

    private static func masked(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let bits = min(8, max(0, length - index * 8))
            return byte & UInt8(truncatingIfNeeded: 0xff00 >> bits)
        }
    }
}
