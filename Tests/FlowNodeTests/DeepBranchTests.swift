import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import Testing

@testable import FlowNode

/// No branch is refused for its depth, and lies about deep branches cost a step each.
@Suite struct DeepBranchTests {
    /// A chain and the engine that replays for it, driven by hand.
    private struct Driven {
        let chain: Chainstate
        let engine: ReplayEngine

        init(_ parameters: ChainParameters) throws {
            let environment = try TestNetwork.environment(parameters)
            chain = Chainstate(
                loaded: try ChainLoader(store: MemoryStore(), environment: environment).load(), environment: environment,
                mempool: Mempool(policy: MempoolPolicy()), clock: { 1_780_000_000 })
            engine = ReplayEngine(environment: environment)
        }

        /// Replays until there is nothing to gain.
        func rest() throws {
            while let task = try chain.nextReplay() {
                try chain.finish(task, task.run(engine, cancel: CancellationFlag(), firstStep: {}))
            }
        }

        /// Headers first, then bodies as far as there is room, as a peer would send them.
        func take(_ blocks: [Block], from announcer: BlockTree.Announcer) throws {
            for start in stride(from: 0, to: blocks.count, by: 100) {
                _ = try chain.accept(headers: blocks[start..<min(start + 100, blocks.count)].map(\.header), from: announcer)
            }
            for block in blocks {
                _ = try chain.accept(block, from: announcer)
                try rest()
            }
        }
    }

    private static func mined(_ count: Int, _ key: UInt8, _ parameters: ChainParameters) async throws -> [Block] {
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(count, paying: try TestKey(key).program)
        let blocks = try await source.blocks(from: 1, limit: count)
        await source.stop()
        return blocks
    }

    @Test func aNodeOnABranchOf120BlocksFollowsTheHonest150() async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let first = try await Self.mined(120, 1, parameters)
        let honest = try await Self.mined(150, 2, parameters)
        let node = try Driven(parameters)
        try node.take(first, from: BlockTree.Announcer(rawValue: 1))
        #expect(node.chain.tree.tip.hash == first.last?.hash)
        let before = node.engine.trainedSteps
        try node.take(honest, from: BlockTree.Announcer(rawValue: 2))
        #expect(node.chain.tree.tip.hash == honest.last?.hash)
        #expect(node.chain.model.root() == node.chain.tree.tip.resultRoot)
        #expect(node.engine.trainedSteps - before == 150 * 2, "each block once")
        #expect(node.chain.tree.suspensions.isEmpty)
        // What was left is a branch that getchaintips shows.
        #expect(node.chain.tree[first[119].hash]?.isReplayed == true)
        let left = try #require(node.chain.tree[first[119].hash])
        #expect(!left.isConnected && left.height == 120)
    }

    /// Eight peers claim branches from the genesis block that are longer than the chain, each false from its first digest on.
    @Test func falseDeepBranchesCostAStepEach() async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let honest = try await Self.mined(110, 2, parameters)
        let node = try Driven(parameters)
        try node.take(honest, from: BlockTree.Announcer(rawValue: 1))
        let before = node.engine.trainedSteps
        for liar in 2...9 as ClosedRange<UInt64> {
            var parent = parameters.genesisBlock.header
            var modelRoot = parameters.genesisModelRoot
            var branch: [Block] = []
            for _ in 0..<140 {
                var block = honest[0]
                block.transactions[0] = Transaction.coinbase(
                    height: parent.height + 1, outputs: block.transactions[0].outputs, data: [UInt8(liar), UInt8(branch.count)])
                block.header.previousHash = parent.hash
                block.header.merkleRoot = block.computedMerkleRoot
                block.header.modelRoot = modelRoot
                block.header.height = parent.height + 1
                block.header.time = parent.time + 1
                block.stepDigests = [Keccak256.hash(parent.hash.bytes)]
                block.seal(parameters)
                branch.append(block)
                parent = block.header
                modelRoot = block.stepDigests[0]
            }
            try node.take(branch, from: BlockTree.Announcer(rawValue: liar))
            #expect(node.chain.tree.condemned(branch[0].hash) != nil)
        }
        try node.rest()
        #expect(node.engine.trainedSteps - before <= 8)
        #expect(node.chain.tree.tip.hash == honest.last?.hash)
    }
}
