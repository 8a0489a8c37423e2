@testable import FlowP2P
import NIOConcurrencyHelpers
import TestSupport
import Testing

@Suite struct NetworkRangeTests {
    @Test(arguments: [
        ("1.2.3.4", "1.2.3.4"), ("1.2.3.4/32", "1.2.3.4"), ("1.2.3.4/16", "1.2.0.0/16"), ("1.2.3.4/9", "1.0.0.0/9"), ("1.2.3.4/0", "0.0.0.0/0"),
        ("255.255.255.255/31", "255.255.255.254/31"), ("::ffff:1.2.3.4", "1.2.3.4"), ("2001:470::1", "2001:470:0:0:0:0:0:1"),
        ("2001:470:ffff::1/33", "2001:470:8000:0:0:0:0:0/33"), ("node.example", "node.example"),
        ("1.2.3.4/255.255.0.0", "1.2.0.0/16"), ("1.2.3.4/0.0.0.0", "0.0.0.0/0"), ("1.2.3.4/255.255.255.255", "1.2.3.4"),
        ("::ffff:1.2.3.4/104", "1.0.0.0/8"), ("::ffff:1.2.3.4/128", "1.2.3.4"), ("::ffff:0:0/96", "0.0.0.0/0"), ("fe80::1%eth0", "fe80:0:0:0:0:0:0:1"),
    ]) func eachRangeHasOneForm(text: String, form: String) throws {
        let range = try #require(NetworkRange(text))
        #expect(range.description == form)
        #expect(NetworkRange(form) == range)
    }

    @Test(arguments: ["", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/+8", "1.2.3.4/8/8", "2001:470::/129", "node/8", "a b", "1.2.3/8", "/8", "1.2.3.4/0008", "1.2.3.4/255.0.255.0", "1.2.3.4/0.0.0.255", "2001:470::/255.0.0.0", "::ffff:1.2.3.4/95",
        "1.2.3.4/::ffff:255.0.0.0", "::ffff:1.2.3.4/255.0.0.0"])
    func whatIsNoRangeIsRefused(text: String) { #expect(NetworkRange(text) == nil) }

    @Test func rangesContainWhatTheyShould() throws {
        func contains(_ range: String, _ host: String) throws -> Bool { try #require(NetworkRange(range)).contains(NetworkRange(host: host)) }
        #expect(try contains("1.2.0.0/16", "1.2.255.1") && !contains("1.2.0.0/16", "1.3.0.1"))
        #expect(try contains("1.2.3.4", "1.2.3.4") && !contains("1.2.3.4", "1.2.3.5"))
        #expect(try contains("128.0.0.0/1", "200.1.1.1") && !contains("128.0.0.0/1", "100.1.1.1"))
        #expect(try contains("0.0.0.0/0", "9.9.9.9") && !contains("0.0.0.0/0", "2001:470::1"))
        #expect(try contains("2001:470::/32", "2001:470:5::1") && !contains("2001:470::/32", "2001:471::1"))
        #expect(try contains("1.2.0.0/16", "::ffff:1.2.3.4") && contains("::ffff:1.2.0.0/112", "1.2.3.4") && contains("fe80::/10", "fe80::1%eth0"))
        #expect(try contains("a", "a") && !contains("a", "b") && !contains("1.0.0.0/8", "a"))
        let wide = try #require(NetworkRange("1.0.0.0/8")), narrow = try #require(NetworkRange("1.2.0.0/16"))
        #expect(wide.contains(narrow) && !narrow.contains(wide) && !wide.isHost && NetworkRange(host: "1.2.3.4").isHost)
    }

    @Test func aRangeIsKeptOut() throws {
        var bans = BanList()
        bans.ban(try #require(NetworkRange("9.0.0.0/8")), until: 100, at: 0)
        #expect(bans.contains("9.1.2.3", at: 99) && !bans.contains("9.1.2.3", at: 100) && !bans.contains("8.1.2.3", at: 0))
        bans.lift(try #require(NetworkRange("9.7.7.7/8")))
        #expect(!bans.contains("9.1.2.3", at: 0))
        for number in 0..<2000 { bans.ban(try #require(NetworkRange("\(number / 250).\(number % 250).0.0/16")), until: UInt64(1000 + number), at: 0) }
        #expect(bans.entries(at: 0).count == BanList.rangeCapacity && bans.contains("7.249.0.1", at: 0) && !bans.contains("0.1.0.1", at: 0))
    }

    /// Whoever keeps bans hears of each change, in order, the longer end of two included.
    @Test func changesOfBansAreTold() async throws {
        let told = NIOLockedValueBox<[String]>([])
        var configuration = PeerNetworkConfiguration.sample(nonce: 3)
        configuration.clock = PeerClock(now: { .zero }, unixTime: { 1_000 }, sleep: { _ in throw CancellationError() })
        configuration.banChanged = { range, end in told.withLockedValue { $0.append("\(range) \(end.map(String.init) ?? "lifted")") } }
        let network = PeerNetwork(configuration: configuration, transport: InMemoryTransport.World().host("8.8.8.8"))
        let range = try #require(NetworkRange("9.0.0.0/8"))
        network.ban(range, for: .seconds(600))
        network.ban(range, for: .seconds(60))
        network.ban(NetworkRange(host: "7.7.7.7"), for: .seconds(Int64.max))
        network.unban(range)
        #expect(told.withLockedValue { $0 } == ["9.0.0.0/8 1600", "9.0.0.0/8 1600", "7.7.7.7 \(UInt64(Int64.max) + 1_000)", "9.0.0.0/8 lifted"])
        await network.stop()
    }

    /// A network keeps a range out in both directions, ends what it has with it, and goes on after a restart.
    @Test func aBannedRangeHasNoConnections() async throws {
        let world = InMemoryTransport.World()
        let called = PeerNetwork(configuration: .sample(nonce: 2), transport: world.host("8.8.8.8"))
        try await called.listen(port: 9)
        let log = EventLog(called)
        let caller = PeerNetwork(configuration: .sample(nonce: 1), transport: world.host("9.9.1.1"))
        _ = try await caller.connectOnce(host: "8.8.8.8", port: 9)
        #expect(await log.connected() != nil)
        let range = try #require(NetworkRange("9.9.0.0/16"))
        called.ban(range, for: .seconds(600))
        #expect(await log.disconnected() == .banned)
        #expect(called.bans().keys.map(\.description) == ["9.9.0.0/16"])
        await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: "8.8.8.8", port: 9) }
        await #expect(throws: PeerNetworkError.banned(PeerEndpoint(host: "9.9.7.7", port: 9))) { try await called.connectOnce(host: "9.9.7.7", port: 9) }
        var configuration = PeerNetworkConfiguration.sample(nonce: 3)
        for (range, end) in called.bans() { configuration.bans.ban(range, until: end, at: 0) }
        await called.stop()
        let again = PeerNetwork(configuration: configuration, transport: world.host("8.8.8.8"))
        try await again.listen(port: 9)
        await #expect(throws: PeerNetworkError.self) { try await caller.connectOnce(host: "8.8.8.8", port: 9) }
        again.unban(range)
        _ = try await caller.connectOnce(host: "8.8.8.8", port: 9)
        await caller.stop()
        await again.stop()
    }
}
