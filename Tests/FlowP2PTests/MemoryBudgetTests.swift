import FlowCrypto
import TestSupport
import Testing

@testable import FlowP2P

@Suite struct MemoryBudgetTests {
    typealias Usage = MemoryBudget.Usage

    private func budget(_ peers: Int, receiving: Int = 1_000_000, sending: Int = 1_000_000) -> MemoryBudget {
        var budget = MemoryBudget(receivingLimit: receiving, sendingLimit: sending)
        for peer in 0..<peers { budget.add(PeerID(rawValue: UInt64(peer))) }
        return budget
    }

    @Test func belowTheBudgetNobodyIsTouched() {
        var budget = budget(3)
        for peer in 0..<3 as Range<UInt64> {
            #expect(budget.update(PeerID(rawValue: peer), Usage(unfinished: 200_000, unfinishedSince: .zero, queued: 40_000, sending: 100_000), now: .seconds(50)).isEmpty)
        }
        #expect(budget.receiving == 720_000 && budget.sending == 300_000 && !budget.isSendingTight)
        #expect(budget.tick(now: .seconds(5000)).isEmpty)
    }

    @Test func theLargestAndOldestUnfinishedMessageIsCut() {
        var budget = budget(4)
        _ = budget.update(0, Usage(unfinished: 300_000, unfinishedSince: .seconds(90)), now: .seconds(100))
        _ = budget.update(1, Usage(unfinished: 250_000, unfinishedSince: .seconds(10)), now: .seconds(100))
        _ = budget.update(2, Usage(unfinished: 400_000, unfinishedSince: .seconds(100)), now: .seconds(100))
        let decisions = budget.update(3, Usage(unfinished: 100_000, unfinishedSince: .seconds(100)), now: .seconds(100))
        #expect(decisions == [.cut(1, .receiveMemoryFull(bytes: 250_000, limit: 1_000_000))])
        #expect(budget.receiving == 800_000)
        // Its own last figures change nothing more.
        #expect(budget.update(1, Usage(), now: .seconds(100)).isEmpty && budget.receiving == 800_000)
        #expect(budget.remove(1, now: .seconds(100)).isEmpty && budget.receiving == 800_000)
        #expect(budget.update(1, Usage(unfinished: 900_000), now: .seconds(100)).isEmpty && budget.receiving == 800_000)
    }

    @Test func waitingMessagesStopTheReadingBeforeAnybodyIsCut() {
        var budget = budget(3)
        _ = budget.update(0, Usage(queued: 500_000), now: .zero)
        #expect(budget.update(1, Usage(queued: 251_000), now: .zero).sorted { "\($0)" < "\($1)" } == [.hold(0), .hold(1)])
        #expect(budget.update(2, Usage(queued: 30_000), now: .zero).isEmpty)
        // One that is held is not cut for its unfinished message while there is another.
        _ = budget.update(0, Usage(unfinished: 180_000, unfinishedSince: .zero, queued: 500_000), now: .seconds(10))
        let decisions = budget.update(2, Usage(unfinished: 50_000, unfinishedSince: .seconds(10), queued: 30_000), now: .seconds(10))
        #expect(decisions == [.cut(2, .receiveMemoryFull(bytes: 50_000, limit: 1_000_000))])
        // What the consumer has taken lets it go on.
        #expect(budget.update(1, Usage(queued: 20_000), now: .seconds(11)) == [.release(1)])
        #expect(budget.update(0, Usage(queued: 300_000), now: .seconds(11)) == [.release(0)])
    }

    @Test func theSlowestReaderIsCut() {
        var budget = budget(3)
        _ = budget.update(0, Usage(sending: 500_000, sendingSince: .seconds(99)), now: .seconds(100))
        #expect(budget.reserveSending(1) && budget.isSendingTight && !budget.reserveSending(1))
        #expect(budget.unreserveSending(1).isEmpty && !budget.isSendingTight)
        _ = budget.update(1, Usage(sending: 300_000, sendingSince: .seconds(95)), now: .seconds(100))
        #expect(budget.isSendingTight && !budget.reserveSending(1))
        // Both take something now and then.
        #expect(budget.tick(now: .seconds(110)).isEmpty)
        #expect(budget.tick(now: .seconds(118)).isEmpty)
        #expect(budget.tick(now: .seconds(119)) == [.cut(0, .sendMemoryFull(bytes: 500_000, limit: 1_000_000))])
        #expect(budget.tick(now: .seconds(119)).isEmpty && budget.sending == 300_000)
        // Above the budget nobody is waited for: what was held longest, times its size, goes at once.
        let decisions = budget.update(2, Usage(sending: 900_000, sendingSince: .seconds(120)), now: .seconds(120))
        #expect(decisions == [.cut(1, .sendMemoryFull(bytes: 300_000, limit: 1_000_000))] && budget.sending == 900_000)
    }

    /// A hundred peers each leave a large message unfinished: together they cost no more than the budget.
    @Test func aHundredUnfinishedMessagesCostTheBudget() async throws {
        let world = InMemoryTransport.World(seed: 2, largestPiece: 100_000)
        var configuration = PeerNetworkConfiguration.sample(nonce: 2)
        configuration.receiveMemory = 16 << 20
        let called = PeerNetwork(configuration: configuration, transport: world.host("b"))
        try await called.listen(port: 9)
        let log = EventLog(called)
        let stop = Task {
            var most = 0
            while !Task.isCancelled {
                most = max(most, called.heldBytes.receiving)
                try? await Task.sleep(for: .milliseconds(1))
            }
            return most
        }
        let unfinished = NetworkMessage.block([UInt8](repeating: 0, count: ProtocolLimits.blockBytes)).envelope
            .encoded(magic: 0x0a0b_0c0d, checksum: .none).dropLast(100_000)
        var peers: [RawPeer] = []
        for number in 0..<100 {
            let peer = try await RawPeer.shakeHands(
                world.host("8.\(number).0.1"), with: PeerEndpoint(host: "b", port: 9), nonce: UInt64(1000 + number))
            #expect(await eventually { called.peers().count == number + 1 })
            peers.append(peer)
        }
        called.broadcast(.getdata([InventoryItem(.block, .zero)]))
        for peer in peers { peer.write(Array(unfinished)) }
        #expect(await eventually { peers.filter(\.isClosed).count >= 96 })
        // Four messages fit.
        #expect(await eventually { called.heldBytes.receiving > 0 && called.peers().count == peers.filter { !$0.isClosed }.count })
        stop.cancel()
        let most = await stop.value
        #expect(most <= 17 << 20 && most > 4 << 20, "\(most) bytes")
        guard case .receiveMemoryFull(_, limit: 16 << 20) = await log.disconnected() else {
            Issue.record("not for memory")
            return
        }
        for peer in peers { peer.close() }
        #expect(await eventually { called.heldBytes == (0, 0) })
        await called.stop()
    }

    /// Peers that ask for much and read nothing hold no more than the budget, and one that reads is served.
    @Test func slowReadersDoNotStopTheServing() async throws {
        let world = InMemoryTransport.World(seed: 3, largestPiece: 200_000)
        var configuration = PeerNetworkConfiguration.sample(nonce: 2)
        configuration.sendMemory = 8 << 20
        let called = PeerNetwork(configuration: configuration, transport: world.host("b"))
        try await called.listen(port: 9)
        let log = EventLog(called)
        var slow: [RawPeer] = []
        for number in 0..<10 {
            let peer = try await RawPeer.shakeHands(
                world.host("8.\(number).0.1"), with: PeerEndpoint(host: "b", port: 9), nonce: UInt64(1000 + number))
            #expect(await eventually { called.peers().count == number + 1 })
            peer.setReading(false)
            slow.append(peer)
        }
        let answers = called.peers().map { peer in
            Task { for _ in 0..<3 { _ = await called.sendWhenReady(.block([UInt8](repeating: 1, count: 3_000_000)), to: peer.id) } }
        }
        #expect(await eventually { called.heldBytes.sending > 4 << 20 })
        try await Task.sleep(for: .milliseconds(200))
        #expect(called.heldBytes.sending <= 8 << 20)
        // What does not wait for room goes beyond: the slowest is cut.
        let quick = try await RawPeer.shakeHands(world.host("9.9.9.9"), with: PeerEndpoint(host: "b", port: 9), nonce: 5)
        let reader = try #require(await log.connected(11))
        for _ in 0..<4 { #expect(called.send(.block([UInt8](repeating: 2, count: 1_000_000)), to: reader.id)) }
        #expect(await eventually { quick.heard.filter { $0.command == .block }.count == 4 })
        #expect(called.heldBytes.sending <= 8 << 20)
        await called.stop()
        for answer in answers { await answer.value }
    }
}
