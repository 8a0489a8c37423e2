#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension PeerAddress {
    /// The address of a place given in numbers; nil for a name, which nobody else can check.
    public init?(_ endpoint: PeerEndpoint, time: UInt32, services: ServiceFlags) {
        guard !endpoint.host.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        var network = Network.ipv6
        if inet_pton(AF_INET, endpoint.host, &bytes) == 1 {
            (network, bytes) = (.ipv4, Array(bytes.prefix(4)))
        } else if inet_pton(AF_INET6, endpoint.host, &bytes) != 1 {
            return nil
        } else if bytes.prefix(10).allSatisfy({ $0 == 0 }) && bytes[10] == 0xff && bytes[11] == 0xff {
            (network, bytes) = (.ipv4, Array(bytes.suffix(4)))
        }
        self.init(time: time, services: services, network: network, address: bytes, port: endpoint.port)
    }

    /// The place to connect to; nil for networks that this library does not reach.
    public var endpoint: PeerEndpoint? { host.map { PeerEndpoint(host: $0, port: port) } }

    /// Whether strangers could reach it: not this machine, not a private or reserved range, and a port.
    var isRoutable: Bool {
        guard port != 0 else { return false }
        switch network {
        case .ipv4:
            guard address.count == 4 else { return false }
            switch (address[0], address[1]) {
            case (0, _), (10, _), (127, _), (224..., _), (169, 254), (192, 168), (172, 16...31), (100, 64...127), (198, 18...19): return false
            default: return true
            }
        case .ipv6:
            // Global unicast, without the documentation's range.
            return address.count == 16 && address[0] & 0xe0 == 0x20 && !address.starts(with: [0x20, 0x01, 0x0d, 0xb8])
        default: return false
        }
    }

    /// What one operator usually has: a /16 of IPv4, a /32 of IPv6.
    var group: [UInt8] { [network.rawValue] + address.prefix(network == .ipv4 ? 2 : 4) }
}
