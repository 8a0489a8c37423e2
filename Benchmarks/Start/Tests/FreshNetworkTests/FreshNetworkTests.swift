import FlowConsensus
import FreshNetwork
import Testing

@Suite struct FreshNetworkTests {
    /// A tenth of mainnet's period, so that a retarget comes soon.
    private func network(_ miners: [Double]) -> FreshNetwork {
        var parameters = ChainParameters.mainnet
        parameters.retargetPeriod = 200
        parameters.growth = []
        return FreshNetwork(parameters: parameters, miners: miners)
    }

    @Test func sameSeedSameBlocks() throws {
        func times(_ seed: UInt64) throws -> [Double] { try network([100, 10]).blocks(seconds: 3_600, seed: seed).map(\.found) }
        #expect(try times(1) == times(1))
        #expect(try times(1) != times(2))
    }

    @Test func blocksComeAsOftenAsTicketsWinWhileNothingHolds() throws {
        var network = network([100])
        network.keepsLeastSpacing = false
        network.trainsToTheEnd = false
        let blocks = try network.blocks(seconds: 3_600, seed: 7)
        // 128 tickets for each block, 13 of 16 steps are tickets: 1.58 s apart at first, four times as much after a retarget.
        let first = blocks.prefix(199).map(\.found)
        #expect(abs((first.last ?? 0) / 199 / 1.58 - 1) < 0.25)
        #expect(FreshNetworkTests.ratio(blocks[250], blocks[150]) == 0.25)
    }

    @Test func spacingHoldsBlocksFifteenMinutesAheadAndThenAMinuteApart() throws {
        let blocks = try network([1e5]).blocks(seconds: 3_600, seed: 7)
        // 15 at once, and one for each minute of the hour.
        #expect((74...76).contains(blocks.count))
        #expect(blocks.allSatisfy { $0.ahead <= 900 })
        var shorter = network([1e5])
        shorter.ahead = 0
        #expect((59...61).contains(try shorter.blocks(seconds: 3_600, seed: 7).count))
    }

    @Test func nodeLagsByWhatItHasNotReplayed() throws {
        let blocks = try network([1e5]).blocks(seconds: 60, seed: 7)
        let node = ReplayingNode(speed: 16)
        #expect(node.replayed(blocks).count == blocks.count)
        // 15 blocks of a second each, all there at once; each is replayed before its own time.
        #expect(abs(node.largestLag(blocks, from: .coming).seconds - 15) < 3)
        #expect(node.largestLag(blocks, from: .time).seconds < 3)
        let slowest = ReplayingNode.slowest(blocks, limit: 15, from: .coming)
        #expect(ReplayingNode(speed: slowest).largestLag(blocks, from: .coming).seconds <= 15)
        #expect(ReplayingNode(speed: slowest).lastAbove(15, blocks, from: .coming) == nil)
        #expect(ReplayingNode(speed: slowest * 0.99).largestLag(blocks, from: .coming).seconds > 15)
    }

    @Test func finderBeginsEarlierWhereTrainingEndsAtTheTicket() throws {
        var short = network([100])
        short.trainsToTheEnd = false
        let blocks = try short.blocks(seconds: 600, seed: 3)
        #expect(blocks.allSatisfy { (4...16).contains($0.replayedSteps) })
        #expect(try network([100]).blocks(seconds: 600, seed: 3).allSatisfy { $0.replayedSteps == 16 })
    }

    /// How much likelier a ticket was to win.
    private static func ratio(_ block: FreshNetwork.FoundBlock, _ earlier: FreshNetwork.FoundBlock) -> Double {
        func size(_ bits: CompactTarget) -> Double {
            (bits.target?.littleEndianBytes ?? []).reduce(0.0) { ($0 + Double($1)) / 256 }
        }
        return (size(block.bits) / size(earlier.bits) * 1_000).rounded() / 1_000
    }
}
