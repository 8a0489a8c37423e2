import FlowEncoding
import TestSupport
import Testing

@testable import FlowP2P

@Suite struct PeerDiscoveryTests {
    private let now: UInt64 = 1_800_000_000

    private func address(_ host: String, age: UInt64 = 60, port: UInt16 = 9) throws -> PeerAddress {
        try #require(PeerAddress(PeerEndpoint(host: host, port: port), time: UInt32(now - age), services: [.blocks]))
    }

    private func place(_ host: String) -> PeerEndpoint { PeerEndpoint(host: host, port: 9) }

    private func discovery(
        _ addresses: [PeerAddress] = [], outbound: Int = 8, own: [PeerEndpoint] = [], seed: UInt64 = 1
    ) -> PeerDiscovery {
        var book = AddressBook()
        book.add(addresses, now: now)
        return PeerDiscovery(book: book, outbound: outbound, services: [.blocks], own: own, seed: seed)
    }

    private func connect(
        _ discovery: inout PeerDiscovery, _ id: PeerID, _ host: String, inbound: Bool = false, own: PeerEndpoint? = nil
    ) -> [PeerDiscovery.Action] {
        discovery.connected(id, place(host), isInbound: inbound, services: [.blocks], own: own, now: now)
    }

    private func connects(_ actions: [PeerDiscovery.Action]) -> [PeerEndpoint] {
        actions.compactMap { if case .connect(let place) = $0 { place } else { nil } }
    }

    // MARK: Connecting

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func connectionsAreKeptToPlacesOfTheBook(seed: UInt64) throws {
        // Thirty hosts of an attacker's range and ten elsewhere.
        let crowd = try (0..<30).map { try address("9.9.\($0).1") }, others = try (0..<10).map { try address("8.\($0).0.1") }
        var discovery = discovery(crowd + others, outbound: 6, seed: seed)
        let busy = [place("8.0.0.1")]
        var made: [PeerEndpoint] = []
        for second in 0..<30 as Range<UInt64> {
            let new = connects(discovery.tick(busy: busy, now: now + second))
            #expect(new.count <= 2)
            made += new
        }
        try #require(made.count == 6)
        #expect(Set(made).count == 6 && !made.contains(busy[0]), "seed \(seed)")
        let groups = Dictionary(grouping: made) { NetGroup.of($0.host) }
        #expect(groups.values.allSatisfy { $0.count <= 2 } && groups.count >= 5, "seed \(seed)")
        // A failure frees the slot, and that place is left alone for ten minutes.
        discovery.ended(nil, automatic: made[0])
        let next = connects(discovery.tick(busy: busy, now: now + 60))
        #expect(next.count == 1 && next.first != made[0])
        // So does an end.
        _ = discovery.connected(7, made[1], isInbound: false, services: [], own: nil, now: now)
        #expect(connects(discovery.tick(busy: busy, now: now + 61)).isEmpty)
        discovery.ended(7, automatic: made[1])
        #expect(connects(discovery.tick(busy: busy, now: now + 62)).count == 1)
    }

    @Test func noneAreMadeWhereNoneAreWanted() throws {
        var discovery = discovery([try address("8.8.8.8")], outbound: 0)
        #expect(discovery.tick(busy: [], now: now).isEmpty)
        #expect(connect(&discovery, 1, "9.9.9.9").isEmpty)
    }

    @Test func oneselfIsNotConnectedTo() throws {
        var discovery = discovery([try address("8.8.8.8"), try address("9.9.9.9")], own: [place("8.8.8.8")])
        discovery.isOwn(place("9.9.9.9"))
        #expect(discovery.tick(busy: [], now: now).isEmpty)
        _ = connect(&discovery, 1, "7.7.7.7")
        _ = discovery.received(.addr([try address("8.8.8.8")]), from: 1, now: now)
        #expect(!discovery.book.contains(place("8.8.8.8")))
    }

    // MARK: Learning and telling

    @Test func getaddrIsAskedOnceAndAnsweredOnceToThoseWhoCame() throws {
        let known = try (0..<100).map { try address("8.\($0).0.1") }
        var discovery = discovery(known)
        #expect(connect(&discovery, 1, "7.7.7.7").contains(.send(.getaddr, to: 1)))
        #expect(connect(&discovery, 2, "6.6.6.6", inbound: true).isEmpty)
        #expect(discovery.received(.getaddr, from: 1, now: now).isEmpty)
        guard case .send(.addr(let places), to: 2) = discovery.received(.getaddr, from: 2, now: now).first else {
            Issue.record("no answer")
            return
        }
        // 23 % of the hundred and the one that it is connected to.
        #expect(places.count == 24 && Set(places).count == 24)
        #expect(discovery.received(.getaddr, from: 2, now: now).isEmpty)
        #expect(discovery.received(.getaddr, from: 3, now: now).isEmpty)
    }

    @Test func whatIsConnectedToIsRemembered() {
        var discovery = discovery()
        _ = connect(&discovery, 1, "8.8.8.8")
        _ = connect(&discovery, 2, "9.9.9.9", inbound: true)
        _ = discovery.connected(3, PeerEndpoint(host: "2001:470::1", port: 9), isInbound: false, services: [], own: nil, now: now)
        #expect(discovery.book.contains(place("8.8.8.8")) && !discovery.book.contains(place("9.9.9.9")) && discovery.book.count == 2)
    }

    @Test func freshNewsArePassedOnToTwo() throws {
        var discovery = discovery()
        for peer in 1...6 as ClosedRange<UInt64> { _ = connect(&discovery, PeerID(rawValue: peer), "8.\(peer).0.1", inbound: true) }
        let fresh = try address("7.7.7.7"), old = try address("6.6.6.6", age: 700)
        let actions = discovery.received(.addr([fresh, old]), from: 3, now: now)
        #expect(actions.count == 2)
        for action in actions {
            guard case .send(.addr([fresh]), let peer) = action, peer != 3 else {
                Issue.record("\(action)")
                return
            }
        }
        #expect(discovery.book.count == 2)
        // Known now, it is no news; and an answer to getaddr is not passed on.
        #expect(discovery.received(.addr([fresh]), from: 4, now: now).isEmpty)
        #expect(discovery.received(.addr(try (0..<11).map { try address("5.\($0).0.1") }), from: 4, now: now).isEmpty)
        #expect(discovery.book.count == 13)
    }

    @Test func theOwnAddressIsToldAtFirstAndEveryDay() throws {
        var discovery = discovery(own: [place("8.8.8.8")])
        func told(_ actions: [PeerDiscovery.Action]) -> [String] {
            actions.compactMap { if case .send(.addr(let places), _) = $0 { places.compactMap(\.host).joined(separator: " ") } else { nil } }
        }
        #expect(told(connect(&discovery, 1, "7.7.7.7", inbound: true)) == ["8.8.8.8"])
        // What a connection shows is an own address too, if strangers can reach it.
        #expect(told(connect(&discovery, 2, "7.7.7.8", own: place("9.9.9.9"))) == ["8.8.8.8 9.9.9.9"])
        #expect(told(connect(&discovery, 3, "7.7.7.9", own: place("192.168.1.5"))) == ["8.8.8.8 9.9.9.9"])
        #expect(told(discovery.tick(busy: [], now: now + 86_399)).isEmpty)
        #expect(told(discovery.tick(busy: [], now: now + 86_400)).count == 3)
        #expect(told(discovery.tick(busy: [], now: now + 86_401)).isEmpty)
    }

    /// Nodes that know only one other come to know each other, and keep the number of connections that was asked for.
    @Test func aWorldFindsItself() async throws {
        let world = InMemoryTransport.World(seed: 3)
        var networks: [PeerNetwork] = [], logs: [EventLog] = []
        for number in 0..<8 {
            var configuration = PeerNetworkConfiguration.sample(nonce: UInt64(number + 1))
            configuration.automaticOutbound = 3
            configuration.tickInterval = .milliseconds(20)
            configuration.seed = UInt64(number)
            let network = PeerNetwork(configuration: configuration, transport: world.host("8.\(number).0.1"))
            try await network.listen(port: 9)
            networks.append(network)
            logs.append(EventLog(network))
            if number > 0 { network.connect(host: "8.\(number - 1).0.1", port: 9) }
        }
        #expect(await eventually { networks.allSatisfy { $0.addressBook.count >= 6 } })
        #expect(await eventually { networks.allSatisfy { $0.peers().filter(\.isAutomatic).count == 3 } })
        for log in logs { #expect(await log.messages().isEmpty) }
        // The book goes on after a restart: no place is named, and the node connects all the same.
        let book = try AddressBook(decoding: networks[7].addressBook.encoded)
        await networks[7].stop()
        var configuration = PeerNetworkConfiguration.sample(nonce: 100)
        configuration.addressBook = book
        configuration.tickInterval = .milliseconds(20)
        configuration.clock.unixTime = { [clock = configuration.clock] in clock.unixTime() + 700 }
        let again = PeerNetwork(configuration: configuration, transport: world.host("8.7.0.1"))
        let log = EventLog(again)
        #expect(await log.connected()?.isAutomatic == true)
        await again.stop()
        for network in networks { await network.stop() }
    }
}
