/// What one operator usually has: a /16 of IPv4, a /32 of IPv6, all of this machine, or a host that has only a name.
enum NetGroup {
    static func of(_ host: String) -> [UInt8] {
        let endpoint = PeerEndpoint(host: host, port: 0)
        if endpoint.isLoopback { return [0] }
        return PeerAddress(endpoint, time: 0, services: [])?.group ?? [255] + host.utf8
    }
}
