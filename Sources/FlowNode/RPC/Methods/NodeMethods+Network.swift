import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P

extension NodeMethods {
    var networking: [RPCMethod] {
        [
            RPCMethod("getconnectioncount", category: "Network", summary: "Number of peers.") { _ in .integer(network.peers().count) },
            RPCMethod("getpeerinfo", category: "Network", summary: "What is known of each peer.") { _ in
                .array(network.peers().map(Self.describePeer))
            },
            RPCMethod("getnetworkinfo", category: "Network", summary: "The node's own state on the network.", handler: networkInfo),
            RPCMethod(
                "addnode", category: "Network", parameters: ["node", "command"],
                summary: "Keeps connected to a node (add), no longer does (remove), or tries once (onetry).", handler: addNode),
            RPCMethod("getaddednodeinfo", category: "Network", parameters: ["?node"], summary: "The nodes that addnode and -connect named.") { _ in
                let peers = Set(network.peers().map(\.address))
                return .array(network.targets.map { ["addednode": .string($0.description), "connected": .bool(peers.contains($0.description))] })
            },
            RPCMethod("disconnectnode", category: "Network", parameters: ["?address", "?nodeid"], summary: "Ends the connection to a peer.") { parameters in
                let peer: PeerInfo?
                if parameters.optional(1) != nil {
                    let number = try parameters.integer(1)
                    peer = network.peers().first { Int64(clamping: $0.id.rawValue) == number }
                } else {
                    let address = try parameters.string(0)
                    peer = network.peers().first { $0.address == address }
                }
                guard let peer else { throw RPCError(-29, "Node not found in connected nodes") }
                network.disconnect(peer.id, reason: "disconnectnode")
                return nil
            },
            RPCMethod("listbanned", category: "Network", summary: "Hosts and ranges that are kept out.") { _ in
                .array(
                    network.bans().map { (address: $0.key.description, end: $0.value) }.sorted { $0.address < $1.address }
                        .map { ["address": .string($0.address), "banned_until": .integer($0.end)] })
            },
            RPCMethod("setban", category: "Network", parameters: ["subnet", "command", "?bantime"], summary: "Keeps a host or a range like 1.2.0.0/16 out (add) for some seconds, or lets it in again (remove).", handler: setBan),
        ]
    }

    private static func describePeer(_ peer: PeerInfo) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .integer(peer.id.rawValue)), .init("addr", .string(peer.address)),
            .init("services", .string(hex(peer.services))), .init("servicesnames", names(peer.services)),
            .init("relaytxes", .bool(peer.version.relay)), .init("lastsend", .integer(peer.lastSend)),
            .init("lastrecv", .integer(peer.lastReceive)), .init("bytessent", .integer(peer.bytesSent)),
            .init("bytesrecv", .integer(peer.bytesReceived)), .init("conntime", .integer(peer.connectedAt)),
        ]
        if let ping = peer.pingTime { members.append(.init("pingtime", .double(seconds(ping)))) }
        if let ping = peer.shortestPingTime { members.append(.init("minping", .double(seconds(ping)))) }
        members += [
            .init("version", .integer(peer.version.protocolVersion)), .init("subver", .string(peer.userAgent)),
            .init("inbound", .bool(peer.isInbound)), .init("startingheight", .integer(peer.startHeight)),
            .init("banscore", .integer(peer.misbehaviourScore)),
            .init("last_block", .integer(peer.lastBlock)), .init("last_transaction", .integer(peer.lastTransaction)),
            .init("connection_type", .string(peer.isInbound ? "inbound" : peer.isAutomatic ? "outbound-full-relay" : "manual")),
        ]
        return .object(members)
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func hex(_ services: ServiceFlags) -> String {
        let digits = String(services.rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func names(_ services: ServiceFlags) -> JSONValue {
        var names: [JSONValue] = []
        if services.contains(.blocks) { names.append("NETWORK") }
        if services.contains(.model) { names.append("MODEL") }
        if services.contains(.corpus) { names.append("CORPUS") }
        return .array(names)
    }

    private func networkInfo(_ parameters: RPCParameters) async throws -> JSONValue {
        let peers = network.peers()
        let services = network.configuration.connection.services
        let fee = JSONValue.amount(haruki: await chain.mempoolStatus().policy.minimumFeeRate)
        return [
            "version": 100, "subversion": .string(NodeConfiguration.userAgent), "protocolversion": .integer(ProtocolLimits.protocolVersion),
            "localservices": .string(Self.hex(services)), "localservicesnames": Self.names(services), "localrelay": true, "timeoffset": 0,
            "networkactive": true, "connections": .integer(peers.count), "connections_in": .integer(peers.filter(\.isInbound).count),
            "connections_out": .integer(peers.filter { !$0.isInbound }.count),
            "networks": [["name": "ipv4", "limited": false, "reachable": true, "proxy": "", "proxy_randomize_credentials": false]],
            "relayfee": fee, "incrementalfee": fee,
            "localaddresses": .array(network.listening.map { ["address": .string($0.host), "port": .integer($0.port), "score": 1] }),
            "warnings": .string(await chain.warnings()),
        ]
    }

    private func addNode(_ parameters: RPCParameters) async throws -> JSONValue {
        let text = try parameters.string(0)
        guard let place = PeerEndpoint(text, defaultPort: self.parameters.p2pPort) else {
            throw RPCError.invalidParameter("\"\(text)\" is no place to connect to; give host or host:port")
        }
        switch try parameters.string(1) {
        case "add":
            guard !network.targets.contains(place) else { throw RPCError(-23, "Error: Node already added") }
            network.connect(host: place.host, port: place.port)
        case "remove":
            guard network.targets.contains(place) else { throw RPCError(-24, "Error: Node could not be removed. It has not been added previously.") }
            network.forget(host: place.host, port: place.port)
        case "onetry":
            let network = network
            Task { _ = try? await network.connectOnce(host: place.host, port: place.port) }
        default: throw RPCError.misc(parameters.method.helpText)
        }
        return nil
    }

    private func setBan(_ parameters: RPCParameters) async throws -> JSONValue {
        let text = try parameters.string(0)
        guard let range = NetworkRange(text) else { throw RPCError(-30, "Error: Invalid IP/Subnet") }
        switch try parameters.string(1) {
        case "add":
            guard network.bans()[range] == nil else { throw RPCError(-23, "Error: IP/Subnet already banned") }
            let seconds = try parameters.integer(2, default: 0)
            guard (0...Int64(UInt32.max)).contains(seconds) else { throw RPCError.invalidParameter("bantime must be 0 to \(UInt32.max) seconds") }
            network.ban(range, for: seconds > 0 ? .seconds(seconds) : nil)
        case "remove":
            guard network.bans()[range] != nil else {
                throw RPCError(-30, "Error: Unban failed. Requested address/subnet was not previously manually banned.")
            }
            network.unban(range)
        default: throw RPCError.misc(parameters.method.helpText)
        }
        return nil
    }
}
