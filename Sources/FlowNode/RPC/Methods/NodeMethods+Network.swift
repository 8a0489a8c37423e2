import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P
import FlowRPC

extension NodeMethods {
    var networking: [RPCMethod] {
        [
            RPCMethod("getconnectioncount") { _ in .integer(network.peers().count) },
            RPCMethod("getpeerinfo") { _ in
                .array(network.peers().map(Self.describePeer))
            },
            RPCMethod("getnetworkinfo", networkInfo),
            RPCMethod("addnode", addNode),
            RPCMethod("getaddednodeinfo", addedNodes),
            RPCMethod("disconnectnode") { call in
                let peer: PeerInfo?
                guard try (call.given("nodeid") == nil) != call.string("address").isEmpty else {
                    throw RPCError(-32602, "Only one of address and nodeid should be provided.")
                }
                if call.given("nodeid") != nil {
                    let number = try call.integer("nodeid")
                    peer = network.peers().first { Int64(clamping: $0.id.rawValue) == number }
                } else {
                    let address = try call.string("address")
                    peer = network.peers().first { $0.address == address }
                }
                guard let peer else { throw RPCError(-29, "Node not found in connected nodes") }
                network.disconnect(peer.id, reason: "disconnectnode")
                return nil
            },
            RPCMethod("clearbanned") { _ in
                for range in network.bans().keys { network.unban(range) }
                return nil
            },
            RPCMethod("getnettotals") { _ in
                let totals = network.totals
                return [
                    "totalbytesrecv": .integer(totals.received), "totalbytessent": .integer(totals.sent), "timemillis": .integer(configuration.clock() &* 1_000),
                    // No target is set, so none is reached.
                    "uploadtarget": [
                        "timeframe": 86_400, "target": 0, "target_reached": false, "serve_historical_blocks": true, "bytes_left_in_cycle": 0, "time_left_in_cycle": 0,
                    ],
                ]
            },
            RPCMethod("getnodeaddresses") { call in
                let count = try call.integer("count")
                guard count >= 0 else { throw RPCError.invalidParameter("Address count out of range") }
                return .array(network.addressBook.places.shuffled().prefix(count == 0 ? .max : Int(clamping: count)).map { place in
                    [
                        "time": .integer(place.time), "services": .integer(place.services.rawValue), "address": .string(place.host ?? ""),
                        "port": .integer(place.port),
                    ]
                })
            },
            RPCMethod("listbanned") { _ in
                .array(
                    network.bans().map { (address: $0.key.description, end: $0.value) }.sorted { $0.address < $1.address }
                        .map { ["address": .string($0.address), "banned_until": .integer($0.end)] })
            },
            RPCMethod("setban", setBan),
            RPCMethod("ping") { _ in
                network.ping()
                return nil
            },
            RPCMethod("setnetworkactive") { call in
                network.isActive = try call.bool("state")
                return .bool(network.isActive)
            },
            RPCMethod("addpeeraddress") { call in
                let host = try call.string("address")
                guard let port = UInt16(exactly: try call.integer("port")) else { throw RPCError.invalidParameter("Port must be 0 to 65535") }
                let now = UInt32(clamping: configuration.clock())
                guard let address = PeerAddress(PeerEndpoint(host: host, port: port), time: now, services: [.blocks]) else {
                    throw RPCError(-30, "Invalid IP address")
                }
                return network.learn(address) ? ["success": true] : ["success": false, "error": "failed-adding-to-new"]
            },
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

    private func networkInfo(_ call: RPCCall) async throws -> JSONValue {
        let peers = network.peers()
        let services = network.configuration.connection.services
        let fee = JSONValue.amount(haruki: await chain.read { $0.mempool.policy.minimumFeeRate })
        return [
            "version": 100, "subversion": .string(NodeConfiguration.userAgent), "protocolversion": .integer(ProtocolLimits.protocolVersion),
            "localservices": .string(Self.hex(services)), "localservicesnames": Self.names(services), "localrelay": true, "timeoffset": 0,
            "networkactive": .bool(network.isActive), "connections": .integer(peers.count), "connections_in": .integer(peers.filter(\.isInbound).count),
            "connections_out": .integer(peers.filter { !$0.isInbound }.count),
            "networks": [["name": "ipv4", "limited": false, "reachable": true, "proxy": "", "proxy_randomize_credentials": false]],
            "relayfee": fee, "incrementalfee": fee,
            "localaddresses": .array(network.listening.map { ["address": .string($0.host), "port": .integer($0.port), "score": 1] }),
            "warnings": .string(await chain.warnings()),
        ]
    }

    private func addedNodes(_ call: RPCCall) async throws -> JSONValue {
        let peers = Dictionary(network.peers().map { ($0.address, $0.isInbound) }, uniquingKeysWith: { first, _ in first })
        var targets = network.targets.map(\.description)
        if call.given("node") != nil {
            let text = try call.string("node")
            let wanted = PeerEndpoint(text, defaultPort: parameters.p2pPort)?.description
            targets = targets.filter { $0 == wanted }
            guard !targets.isEmpty else { throw RPCError(-24, "Error: Node has not been added.") }
        }
        return .array(targets.map { target in
            let addresses: JSONValue = peers[target].map { [["address": .string(target), "connected": $0 ? "inbound" : "outbound"]] } ?? []
            return ["addednode": .string(target), "connected": .bool(peers[target] != nil), "addresses": addresses]
        })
    }

    private func addNode(_ call: RPCCall) async throws -> JSONValue {
        let text = try call.string("node")
        guard let place = PeerEndpoint(text, defaultPort: parameters.p2pPort) else {
            throw RPCError.invalidParameter("\"\(text)\" is no place to connect to; give host or host:port")
        }
        switch try call.string("command") {
        case "add":
            guard !network.targets.contains(place) else { throw RPCError(-23, "Error: Node already added") }
            network.connect(host: place.host, port: place.port)
        case "remove":
            guard network.targets.contains(place) else { throw RPCError(-24, "Error: Node could not be removed. It has not been added previously.") }
            network.forget(host: place.host, port: place.port)
        case "onetry":
            let network = network
            Task { _ = try? await network.connectOnce(host: place.host, port: place.port) }
        default: throw call.helpError
        }
        return nil
    }

    private func setBan(_ call: RPCCall) async throws -> JSONValue {
        let text = try call.string("subnet")
        guard let range = NetworkRange(text), range.isAddresses else { throw RPCError(-30, "Error: Invalid IP/Subnet") }
        switch try call.string("command") {
        case "add":
            guard network.bans()[range] == nil else { throw RPCError(-23, "Error: IP/Subnet already banned") }
            var seconds = try call.integer("bantime")
            guard (0...Int64(UInt32.max)).contains(seconds) else { throw RPCError.invalidParameter("bantime must be 0 to \(UInt32.max) seconds") }
            if try call.bool("absolute") {
                let now = Int64(clamping: configuration.clock())
                guard seconds > now else { throw RPCError.invalidParameter("Error: Absolute timestamp is in the past") }
                seconds -= now
            }
            network.ban(range, for: seconds > 0 ? .seconds(seconds) : nil)
        case "remove":
            guard network.bans()[range] != nil else {
                throw RPCError(-30, "Error: Unban failed. Requested address/subnet was not previously manually banned.")
            }
            network.unban(range)
        default: throw call.helpError
        }
        return nil
    }
}
