import TestSupport
import Testing

@testable import FlowP2P

@Suite struct InboundEvictionTests {
    typealias Candidate = InboundEviction.Candidate

    private func candidate(_ number: UInt64, host: String, ping: Int? = nil) -> Candidate {
        Candidate(
            id: PeerID(rawValue: number), connectedAt: .seconds(Int(number)), group: NetGroup.of(host),
            shortestPing: ping.map { .milliseconds($0) })
    }

    @Test func aFewAreAllProtected() {
        #expect(InboundEviction.victim(among: [], key: [1]) == nil)
        let few = (0..<20).map { candidate(UInt64($0), host: "8.\($0).0.1") }
        #expect(InboundEviction.victim(among: few, key: [1]) == nil)
        #expect(InboundEviction.victim(among: few + few.map { candidate($0.id.rawValue + 100, host: "9.9.0.1") }, key: [1]) != nil)
    }

    /// The youngest of the most populous net group leaves, not somebody who is alone.
    @Test func theFullestGroupGivesWay() {
        let alone = (0..<40).map { candidate(UInt64(1000 + $0), host: "8.\($0).0.1", ping: 500) }
        let crowd = (0..<77).map { candidate(UInt64($0), host: "9.9.\($0).1", ping: 10) }
        let victim = InboundEviction.victim(among: alone + crowd, key: [7])
        #expect(victim == 76)
        // Older than the others: protected by age, so that somebody younger of the crowd goes.
        let late = (0..<77).map { candidate(UInt64(2000 + $0), host: "9.9.\($0).1", ping: 10) }
        #expect(InboundEviction.victim(among: alone + late, key: [7]) == 2076)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>) func theUsefulAndTheNearStay(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var candidates = (0..<117).map { number -> Candidate in
            candidate(UInt64(number), host: "9.9.\(number).1", ping: Int.random(in: 20...900, using: &random))
        }
        var dear: Set<PeerID> = []
        func pick(_ count: Int, _ change: (inout Candidate) -> Void) {
            for index in candidates.indices.shuffled(using: &random).prefix(count) {
                change(&candidates[index])
                dear.insert(candidates[index].id)
            }
        }
        pick(4) { $0.lastBlock = .seconds(5000) }
        pick(4) { $0.lastTransaction = .seconds(5000) }
        pick(8) { $0.shortestPing = .milliseconds(1) }
        let older = Set(candidates.prefix(40).map(\.id))
        // Whoever leaves, one after the other, is none of these, until half are gone.
        for _ in 0..<40 {
            guard let victim = InboundEviction.victim(among: candidates.shuffled(using: &random), key: [UInt8(seed)]) else {
                Issue.record("seed \(seed): nobody gives way")
                return
            }
            #expect(!dear.contains(victim) && !older.contains(victim), "seed \(seed)")
            candidates.removeAll { $0.id == victim }
        }
    }

    @Test func theSecretKeyDecidesWhichGroupsAreProtected() {
        // All younger than the rest by turns: only the group can protect them.
        let candidates = (0..<60).map { candidate(UInt64($0), host: "8.\($0).0.1") }
        let victims = Set((0..<40).compactMap { InboundEviction.victim(among: candidates, key: [UInt8($0)]) })
        #expect(victims.count > 1)
    }

    @Test func groupsAreRanges() {
        #expect(NetGroup.of("127.0.0.1") == NetGroup.of("::1") && NetGroup.of("127.0.0.1") == NetGroup.of("127.8.8.8"))
        #expect(NetGroup.of("8.8.1.1") == NetGroup.of("::ffff:8.8.2.2") && NetGroup.of("8.8.1.1") != NetGroup.of("8.9.1.1"))
        #expect(NetGroup.of("2001:470::1") == NetGroup.of("2001:470:ffff::1") && NetGroup.of("2001:470::1") != NetGroup.of("2001:471::1"))
        #expect(NetGroup.of("node-a") != NetGroup.of("node-b"))
    }

    /// One host holds every place and answers pings; somebody from elsewhere comes in all the same, and one who is useful stays.
    @Test func oneHostCannotHoldEveryPlace() async throws {
        let world = InMemoryTransport.World(seed: 1)
        var configuration = PeerNetworkConfiguration.sample(nonce: 2)
        configuration.maximumInbound = 60
        configuration.maximumInboundPerHost = 1000
        let called = PeerNetwork(configuration: configuration, transport: world.host("b"))
        try await called.listen(port: 9)
        let log = EventLog(called)
        let place = PeerEndpoint(host: "b", port: 9)
        let crowd = world.host("9.9.9.9")
        var attackers: [RawPeer] = []
        for number in 0..<60 { attackers.append(try await RawPeer.shakeHands(crowd, with: place, nonce: UInt64(1000 + number))) }
        #expect(await eventually { called.peers().count == 60 })
        let honest = try await RawPeer.shakeHands(world.host("8.8.8.8"), with: place, nonce: 5)
        #expect(honest.heard.contains(.verack))
        #expect(await eventually { called.peers().count == 60 && called.peers().contains { $0.host == "8.8.8.8" } })
        #expect(await log.disconnected() == .evicted)
        let peer = try #require(called.peers().first { $0.host == "8.8.8.8" })
        called.noteUseful(peer.id, .block)
        #expect((called.peer(peer.id)?.lastBlock ?? 0) > 0 && called.peer(peer.id)?.lastTransaction == 0)
        // The attackers come again and again, and only push each other out.
        for number in 0..<100 { attackers.append(try await RawPeer.shakeHands(crowd, with: place, nonce: UInt64(2000 + number))) }
        #expect(called.peer(peer.id) != nil && called.peers().count <= 60)
        for attacker in attackers + [honest] { attacker.close() }
        await called.stop()
    }
}
