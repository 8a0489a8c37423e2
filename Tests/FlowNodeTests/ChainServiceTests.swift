import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import Testing

@testable import FlowNode

@Suite struct ChainServiceTests {
    @Test func acceptsItsOwnBlocks() async throws {
        let parameters = try TestNetwork.parameters()
        let chain = try await TestNetwork.chain(parameters)
        let key = try TestKey(1)
        let mined = try await MiningLoop(chain: chain).mine(3, paying: key.program)
        #expect(mined.count == 3)
        let tip = await chain.tip()
        #expect(tip.height == 3)
        #expect(tip.hash == mined.last)
        #expect(tip.resultRoot != nil && tip.resultRoot != parameters.genesisModelRoot)
        #expect(tip.heldOutLoss != nil)
        let summary = try await chain.read { try $0.coinSummary(isHashed: false) }
        #expect(summary.coins.count == 3 && summary.coins.transactions == 3 && summary.digest == nil)
        #expect(summary.coins.total == 3 * 5_000_000_000)
        await chain.stop()
    }

    @Test func anotherNodeReplaysTheBlocksAndHasTheSameModelAndCoins() async throws {
        let parameters = try TestNetwork.parameters()
        let first = try await TestNetwork.chain(parameters)
        let second = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: first).mine(4, paying: try TestKey(1).program)
        for block in try await first.blocks(from: 1) {
            #expect(try await second.submit(block) == .connected)
        }
        try await expectSame(first, second)
        await first.stop()
        await second.stop()
    }

    @Test func restartsWithTheSameTipCoinsAndModel() async throws {
        let parameters = try TestNetwork.parameters()
        let store = MemoryStore()
        let chain = try await TestNetwork.chain(parameters, store: store)
        // Beyond a refresh of the base snapshot.
        _ = try await MiningLoop(chain: chain).mine(35, paying: try TestKey(1).program)
        let again = try await TestNetwork.chain(parameters, store: store)
        try await expectSame(chain, again)
        _ = try await MiningLoop(chain: again).mine(1, paying: try TestKey(1).program)
        #expect(await again.tip().height == 36)
        await chain.stop()
        await again.stop()
    }
}

/// Tip, coins and weights of two nodes are the same.
func expectSame(_ first: ChainService, _ second: ChainService, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let (left, right) = (await first.modelSnapshot(), await second.modelSnapshot())
    #expect(left.tip.hash == right.tip.hash, sourceLocation: sourceLocation)
    #expect(left.tip.resultRoot == right.tip.resultRoot, sourceLocation: sourceLocation)
    #expect(left.weights.root() == left.tip.resultRoot, sourceLocation: sourceLocation)
    #expect(right.weights.root() == right.tip.resultRoot, sourceLocation: sourceLocation)
    let (a, b) = (try await first.read { try $0.coinSummary(isHashed: true) }, try await second.read { try $0.coinSummary(isHashed: true) })
    #expect(a.coins == b.coins && a.digest == b.digest, sourceLocation: sourceLocation)
}
