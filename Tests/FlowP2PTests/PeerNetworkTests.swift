import FlowCrypto
@testable import FlowP2P
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite struct PeerNetworkTests {
    /// Two networks in memory or on loopback, the second listening.
    private func pair(
        _ kind: String, _ first: PeerNetworkConfiguration = .sample(nonce: 1), _ second: PeerNetworkConfiguration = .sample(nonce: 2)
    ) async throws -> (PeerNetwork, PeerNetwork, host: String, port: UInt16) {
        let caller: PeerNetwork, called: PeerNetwork, host: String
        if kind == "memory" {
            let world = InMemoryTransport.World(seed: 1, largestPiece: 50)
            caller = PeerNetwork(configuration: first, transport: world.host("a"))
            called = PeerNetwork(configuration: second, transport: world.host("b"))
            host = "b"
        } else {
            caller = PeerNetwork(configuration: first)
            called = PeerNetwork(configuration: second)
            host = "127.0.0.1"
        }
        return (caller, called, host, try await called.listen(host: "127.0.0.1", port: 0))
    }

    static let kinds = ["memory", "tcp"]

    @Test(arguments: kinds) func messagesGoBothWays(kind: String) async throws {
        let (caller, called, host, port) = try await pair(kind)
        let callerLog = EventLog(caller), calledLog = EventLog(called)
        called.startHeight = 77
        let peer = try await caller.connectOnce(host: host, port: port)
        let seen = try #require(await callerLog.connected()), other = try #require(await calledLog.connected())
        #expect(seen.id == peer && !seen.isInbound && seen.startHeight == 77 && seen.userAgent == "/node:2/" && seen.port == port)
        #expect(other.isInbound && other.userAgent == "/node:1/" && other.services == [.blocks])
        let block = NetworkMessage.block([UInt8](repeating: 7, count: 1_000_000))
        #expect(called.send(.getdata([InventoryItem(.block, .zero)]), to: other.id))
        #expect(await eventually { await callerLog.messages() == [.getdata([InventoryItem(.block, .zero)])] })
        let sent: [NetworkMessage] = [.sendheaders, .inv([InventoryItem(.block, Keccak256.hash([1]))]), block, .mempool]
        for message in sent { #expect(caller.send(message, to: peer)) }
        #expect(called.broadcast(.tx([1, 2, 3])) == 1)
        #expect(called.broadcast(.tx([9]), except: [other.id]) == 0)
        #expect(await eventually { await calledLog.messages() == sent })
        #expect(await eventually { await callerLog.messages().last == .tx([1, 2, 3]) })
        #expect(await eventually { caller.peer(peer)?.pingTime != nil })
        let info = try #require(caller.peers().first)
        #expect(info.bytesSent > 1_000_000 && info.bytesReceived > 100 && info.lastSend > 0 && info.lastReceive > 0)
        #expect(await eventually { called.peers().first?.bytesReceived == caller.peers().first?.bytesSent })
        caller.disconnect(peer, reason: "test over")
        #expect(await callerLog.disconnected() == .requested("test over"))
        #expect(await calledLog.disconnected() != nil)
        #expect(await eventually { called.peers().isEmpty && caller.peers().isEmpty })
        #expect(!caller.send(.getaddr, to: peer))
        await caller.stop()
        await called.stop()
    }

    @Test(arguments: kinds) func theOrderOfMessagesIsKept(kind: String) async throws {
        let (caller, called, host, port) = try await pair(kind)
        let log = EventLog(called)
        let peer = try await caller.connectOnce(host: host, port: port)
        for number in 0..<2000 as Range<UInt64> { caller.send(.feefilter(number), to: peer) }
        #expect(await eventually { await log.messages().count == 2000 })
        #expect(await log.messages() == (0..<2000).map { .feefilter($0) })
        await caller.stop()
        await called.stop()
    }

    @Test(arguments: kinds) func aTakenPortIsNamed(kind: String) async throws {
        let (caller, called, _, port) = try await pair(kind)
        let other = kind == "tcp" ? caller : called
        let error = await #expect(throws: PeerNetworkError.self) { try await other.listen(host: "127.0.0.1", port: port) }
        if case .portInUse(let place) = error { #expect(place.port == port) } else { Issue.record("\(String(describing: error))") }
        #expect(error?.description.contains("\(port)") == true)
        await caller.stop()
        await called.stop()
    }

    @Test func foreignAddressesCannotBeListenedOn() async throws {
        let network = PeerNetwork(configuration: .sample(nonce: 1))
        let error = await #expect(throws: PeerNetworkError.self) { try await network.listen(host: "192.0.2.1", port: 0) }
        #expect(error == .addressUnavailable(PeerEndpoint(host: "192.0.2.1", port: 0)))
        await network.stop()
        await network.stop()
        await #expect(throws: PeerNetworkError.stopped) { try await network.listen(port: 0) }
        await #expect(throws: PeerNetworkError.stopped) { try await network.connectOnce(host: "127.0.0.1", port: 1) }
    }

    @Test(arguments: kinds) func nobodyThereIsUnreachable(kind: String) async throws {
        let (caller, called, host, port) = try await pair(kind)
        await called.stop()
        let error = await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: host, port: port) }
        guard case .unreachable(let place, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(place == PeerEndpoint(host: host, port: port))
        await caller.stop()
    }

    @Test(arguments: kinds) func oneselfIsGivenUp(kind: String) async throws {
        let network: PeerNetwork
        if kind == "memory" {
            network = PeerNetwork(configuration: .sample(nonce: 1), transport: InMemoryTransport.World().host("a"))
        } else {
            network = PeerNetwork(configuration: .sample(nonce: 1))
        }
        let port = try await network.listen(host: "127.0.0.1", port: 0)
        let host = kind == "memory" ? "a" : "127.0.0.1"
        let log = EventLog(network)
        network.connect(host: host, port: port)
        let failure = await log.first { event -> (PeerNetworkError, Duration?)? in
            if case .connectFailed(_, let error, let pause) = event { (error, pause) } else { nil }
        }
        // The first attempt tells, and is the last.
        let place = PeerEndpoint(host: host, port: port)
        #expect(failure?.0 == .handshakeFailed(place, .selfConnection) && failure?.1 == nil)
        #expect(network.targets.isEmpty && network.peers().isEmpty)
        await network.stop()
    }

    @Test(arguments: kinds) func anotherChainIsRefusedByName(kind: String) async throws {
        let (caller, called, host, port) = try await pair(kind, .sample(nonce: 1, genesis: Keccak256.hash([5])))
        let error = await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: host, port: port) }
        guard case .handshakeFailed(_, .wrongNetwork(let expected, let actual)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(expected == Keccak256.hash([5]) && actual == Keccak256.hash([1]))
        #expect(error?.description.contains(expected.description) == true)
        await caller.stop()
        await called.stop()
    }

    @Test(arguments: kinds) func anotherMagicEndsTheConnection(kind: String) async throws {
        let (caller, called, host, port) = try await pair(kind, .sample(nonce: 1, magic: 7))
        let error = await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: host, port: port) }
        if case .handshakeFailed = error {} else { Issue.record("\(String(describing: error))") }
        #expect(called.peers().isEmpty)
        await caller.stop()
        await called.stop()
    }

    @Test(arguments: kinds) func connectionsComeBack(kind: String) async throws {
        let (caller, called, host, port) = try await pair(kind)
        let log = EventLog(called), callerLog = EventLog(caller)
        caller.connect(host: host, port: port)
        caller.connect(host: host, port: port)
        #expect(caller.targets == [PeerEndpoint(host: host, port: port)])
        let first = try #require(await log.connected(1))
        called.disconnect(first.id, reason: "go away")
        let second = try #require(await log.connected(2))
        #expect(second.id > first.id)
        #expect(await callerLog.connected(2) != nil)
        caller.forget(host: host, port: port)
        called.disconnect(second.id, reason: "and stay away")
        #expect(await eventually { caller.peers().isEmpty })
        try await Task.sleep(for: .milliseconds(300))
        #expect(caller.peers().isEmpty && called.peers().isEmpty)
        await caller.stop()
        await called.stop()
    }

    @Test func aNodeThatStartsLaterIsFound() async throws {
        let world = InMemoryTransport.World()
        let caller = PeerNetwork(configuration: .sample(nonce: 1), transport: world.host("a"))
        let log = EventLog(caller)
        caller.connect(host: "b", port: 5)
        let pause = await log.first { if case .connectFailed(_, .unreachable, let pause?) = $0 { pause } else { nil } }
        #expect((pause ?? .zero) > .zero)
        let called = PeerNetwork(configuration: .sample(nonce: 2), transport: world.host("b"))
        try await called.listen(port: 5)
        #expect(await log.connected() != nil)
        world.partition([["a"], ["b"]])
        #expect(await log.disconnected() == .remoteClosed("partition"))
        world.heal()
        #expect(await log.connected(2) != nil)
        await caller.stop()
        await called.stop()
    }

    @Test func garbageOnThePortHarmsNobody() async throws {
        let network = PeerNetwork(configuration: .sample(nonce: 2))
        let port = try await network.listen(host: "127.0.0.1", port: 0)
        var random = SeededGenerator(seed: 3)
        for round in 0..<30 {
            let garbage = round == 0 ? Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8) : (0..<Int.random(in: 1...5000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: Int(port)).get()
            try? await channel.writeAndFlush(channel.allocator.buffer(bytes: garbage))
            try? await channel.close()
        }
        let caller = PeerNetwork(configuration: .sample(nonce: 1))
        _ = try await caller.connectOnce(host: "127.0.0.1", port: port)
        #expect(await eventually { network.peers().count == 1 })
        await caller.stop()
        await network.stop()
    }

    @Test(arguments: kinds) func inboundPlacesAreLimited(kind: String) async throws {
        var limited = PeerNetworkConfiguration.sample(nonce: 2)
        limited.maximumInbound = 2
        let (caller, called, host, port) = try await pair(kind, .sample(nonce: 1), limited)
        let log = EventLog(called)
        let first = try await caller.connectOnce(host: host, port: port)
        _ = try await caller.connectOnce(host: host, port: port)
        await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: host, port: port) }
        caller.disconnect(first, reason: "room")
        #expect(await log.disconnected() != nil)
        #expect(await eventually { (try? await caller.connectOnce(host: host, port: port)) != nil })
        await caller.stop()
        await called.stop()
    }

    @Test func oneHostTakesNotAllPlaces() async throws {
        var limited = PeerNetworkConfiguration.sample(nonce: 2)
        limited.maximumInboundPerHost = 1
        let (caller, called, host, port) = try await pair("memory", .sample(nonce: 1), limited)
        _ = try await caller.connectOnce(host: host, port: port)
        await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: host, port: port) }
        await caller.stop()
        await called.stop()
    }

    @Test func misbehavingHostsAreBannedAndLoopbackIsNot() async throws {
        let (caller, called, host, port) = try await pair("memory")
        let log = EventLog(called)
        _ = try await caller.connectOnce(host: host, port: port)
        let peer = try #require(await log.connected())
        called.misbehaved(peer.id, points: 60, fault: "a forged block")
        #expect(called.peer(peer.id)?.misbehaviourScore == 60)
        called.misbehaved(peer.id, points: 60, fault: "another one")
        #expect(await log.disconnected() == .misbehaviour(score: 120, "another one"))
        #expect(called.bans().keys.map(\.description) == ["a"])
        await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: host, port: port) }
        called.unban(NetworkRange(host: "a"))
        _ = try await caller.connectOnce(host: host, port: port)
        await caller.stop()
        await called.stop()

        let (near, far, _, tcpPort) = try await pair("tcp")
        let farLog = EventLog(far)
        _ = try await near.connectOnce(host: "127.0.0.1", port: tcpPort)
        let local = try #require(await farLog.connected())
        far.misbehaved(local.id, points: 100, fault: "x")
        #expect(await farLog.disconnected() != nil)
        #expect(far.bans().isEmpty)
        far.ban(NetworkRange(host: "127.0.0.1"), for: .seconds(60))
        #expect(far.bans().count == 1)
        await #expect(throws: PeerNetworkError.self) { try await near.connectOnce(host: "127.0.0.1", port: tcpPort) }
        await #expect(throws: PeerNetworkError.banned(PeerEndpoint(host: "127.0.0.1", port: 1))) { try await far.connectOnce(host: "127.0.0.1", port: 1) }
        await near.stop()
        await far.stop()
    }

    /// While nobody takes the events, a flooding peer is not read from, so what it sends stays with it.
    @Test(arguments: kinds) func aLaggingConsumerStopsTheFlood(kind: String) async throws {
        var small = PeerNetworkConfiguration.sample(nonce: 2), ample = PeerNetworkConfiguration.sample(nonce: 1)
        small.eventQueueMark = 100_000
        // Megabytes of Keccak would be most of the test.
        (small.checksum, ample.checksum) = (.none, .none)
        let (caller, called, host, port) = try await pair(kind, ample, small)
        let peer = try await caller.connectOnce(host: host, port: port)
        #expect(await eventually { called.peers().count == 1 })
        called.broadcast(.getdata([InventoryItem](repeating: InventoryItem(.block, .zero), count: 120)))
        let callerLog = EventLog(caller)
        #expect(await eventually { await callerLog.messages().count == 1 })
        let body = [UInt8](repeating: 1, count: 100_000)
        let sender = Task {
            var sent = 0
            while sent < 120, await caller.sendWhenReady(.block(body), to: peer) { sent += 1 }
            return sent
        }
        #expect(await eventually { (caller.peer(peer)?.sendQueueBytes ?? 0) > 1_000_000 })
        try await Task.sleep(for: .milliseconds(300))
        let taken = called.peers().first?.bytesReceived ?? .max
        #expect(taken < 2_000_000, "\(taken) bytes were read although nobody wants them")
        let log = EventLog(called)
        #expect(await sender.value == 120)
        #expect(await eventually { await log.messages().count == 120 })
        await caller.stop()
        await called.stop()
    }

    @Test(arguments: kinds) func aPeerThatReadsTooSlowlyIsCutOff(kind: String) async throws {
        var stubborn = PeerNetworkConfiguration.sample(nonce: 2), small = PeerNetworkConfiguration.sample(nonce: 1)
        stubborn.eventQueueMark = 1
        (small.checksum, stubborn.checksum) = (.none, .none)
        small.sendQueueLimit = 8_000_000
        let (caller, called, host, port) = try await pair(kind, small, stubborn)
        let log = EventLog(caller)
        let peer = try await caller.connectOnce(host: host, port: port)
        #expect(await eventually { called.peers().count == 1 })
        called.broadcast(.getdata([InventoryItem](repeating: InventoryItem(.block, .zero), count: 1000)))
        #expect(await eventually { await log.messages().count == 1 })
        var sent = 0
        while sent < 1000, caller.send(.block([UInt8](repeating: 0, count: 1_000_000)), to: peer) { sent += 1 }
        #expect((2..<1000).contains(sent))
        guard case .sendQueueFull(_, limit: 8_000_000) = await log.disconnected() else {
            Issue.record("not cut off")
            return
        }
        #expect(!(await caller.sendWhenReady(.getaddr, to: peer)))
        await caller.stop()
        await called.stop()
    }

    @Test func silentConnectionsEndAfterTheHandshakeTime() async throws {
        var impatient = PeerNetworkConfiguration.sample(nonce: 2)
        impatient.connection.handshakeTimeout = .milliseconds(100)
        impatient.tickInterval = .milliseconds(20)
        let network = PeerNetwork(configuration: impatient)
        let port = try await network.listen(host: "127.0.0.1", port: 0)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: Int(port)).get()
        try await channel.closeFuture.get()
        await network.stop()
    }

    @Test func deadPeersAreNoticedByTheirPings() async throws {
        var impatient = PeerNetworkConfiguration.sample(nonce: 2)
        impatient.connection.pingTimeout = .milliseconds(100)
        impatient.tickInterval = .milliseconds(20)
        let network = PeerNetwork(configuration: impatient)
        let port = try await network.listen(host: "127.0.0.1", port: 0)
        let log = EventLog(network)
        // Shakes hands, then says nothing.
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: Int(port)).get()
        let version = VersionMessage(services: [], time: 0, genesisHash: Keccak256.hash([1]), nonce: 99, userAgent: "", startHeight: 0)
        for message in [NetworkMessage.version(version), .verack] {
            try await channel.writeAndFlush(channel.allocator.buffer(bytes: message.envelope.encoded(magic: 0x0a0b_0c0d)))
        }
        #expect(await log.disconnected() == .pingTimeout(.milliseconds(100)))
        try? await channel.close()
        await network.stop()
    }

    @Test func stoppingFreesThePortAndEndsTheEvents() async throws {
        let (caller, called, _, port) = try await pair("tcp")
        let consumer = Task {
            var count = 0
            for await _ in called.events { count += 1 }
            return count
        }
        _ = try await caller.connectOnce(host: "127.0.0.1", port: port)
        #expect(await eventually { called.peers().count == 1 })
        await called.stop()
        #expect(await consumer.value == 2)
        let again = PeerNetwork(configuration: .sample(nonce: 3))
        #expect(try await again.listen(host: "127.0.0.1", port: port) == port)
        await again.stop()
        await caller.stop()
    }

    @Test func aNetworkThatIsDroppedWithoutStopEnds() async throws {
        let called = PeerNetwork(configuration: .sample(nonce: 2))
        let port = try await called.listen(host: "127.0.0.1", port: 0)
        let log = EventLog(called)
        var dropped: PeerNetwork? = PeerNetwork(configuration: .sample(nonce: 1))
        dropped?.connect(host: "127.0.0.1", port: port)
        #expect(await log.connected() != nil)
        weak let witness = dropped
        dropped = nil
        #expect(await log.disconnected() != nil)
        #expect(await eventually { witness == nil })
        await called.stop()
    }

    /// Many nodes in one process, with partitions: after healing, everybody hears everybody again.
    @Test(arguments: 1...3 as ClosedRange<UInt64>) func aWorldOfNodesHeals(seed: UInt64) async throws {
        let world = InMemoryTransport.World(seed: seed, largestPiece: 200)
        let names = (0..<6).map { "n\($0)" }
        var networks: [PeerNetwork] = []
        for (number, name) in names.enumerated() {
            let network = PeerNetwork(configuration: .sample(nonce: UInt64(number + 1)), transport: world.host(name))
            try await network.listen(port: 9)
            networks.append(network)
        }
        let logs = networks.map { EventLog($0) }
        for number in 1..<6 { for other in 0..<number { networks[number].connect(host: names[other], port: 9) } }
        #expect(await eventually { networks.allSatisfy { $0.peers().count == 5 } })
        world.partition([["n0", "n1", "n2"], ["n3", "n4", "n5"]])
        #expect(await eventually { networks.allSatisfy { $0.peers().count == 2 } })
        world.heal()
        #expect(await eventually { networks.allSatisfy { $0.peers().count == 5 } })
        for (number, network) in networks.enumerated() { #expect(network.broadcast(.feefilter(UInt64(number))) == 5) }
        for log in logs { #expect(await eventually { await log.messages().count == 5 }) }
        for network in networks { await network.stop() }
    }
}
