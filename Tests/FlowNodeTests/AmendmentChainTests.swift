import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import Testing

@testable import FlowNode

/// A running chain that changes its rules: steps and rate at height 3, the text at height 4, the model at height 5.
@Suite struct AmendmentChainTests {
    private static func parameters(amended: Bool = true) throws -> ChainParameters {
        var parameters = try TestNetwork.parameters()
        guard amended else { return parameters }
        var deeper = parameters.model
        deeper.layerCount = 2
        parameters.amendments = [
            Amendment(height: 3, peakLearningRate: 900, stepsPerBlock: 5, firstPayingStep: 2),
            Amendment(height: 4, corpus: TestNetwork.secondReference),
            Amendment(height: 5, growth: Amendment.Growth(model: deeper, costRatio: CostRatio(2)), stepsPerBlock: 4),
        ]
        return try parameters.validated()
    }

    @Test func aChainChangesItsRulesOnTheWay() async throws {
        let parameters = try Self.parameters()
        let (store, program) = (MemoryStore(), try TestKey(1).program)
        let source = try await TestNetwork.chain(parameters)
        var follower = try await TestNetwork.chain(parameters, store: store)
        let plain = try await TestNetwork.chain(try Self.parameters(amended: false))
        for height in BlockHeight(1)...7 {
            let template = try await source.blockTemplate()
            #expect(template.stepsPerBlock == (height < 3 ? 3 : height < 5 ? 5 : 4))
            #expect(template.firstPayingStep == (height < 3 ? 1 : 2))
            #expect(template.learningRateUnits.count == Int(template.stepsPerBlock))
            #expect(template.corpus == (height < 4 ? parameters.corpus(at: 0) : TestNetwork.secondReference))
            #expect(template.version == parameters.amendments.blockVersion(at: height))
            #expect((template.version == 1) == (height < 3))
            _ = try await MiningLoop(chain: source).mine(1, paying: program)
            let block = try #require(try await source.blocks(from: height).first)
            #expect(block.header.steps >= template.firstPayingStep)
            // Up to the first amendment all nodes are on one chain; from there on the node without it says why it is not.
            let fate = try await plain.submit(block)
            if height < 3 {
                #expect(fate == .connected)
            } else if height == 3 {
                #expect(fate.rule == "bad-version", "\(fate)")
                #expect("\(fate)".contains("other amendments than the 0 that this node has in force at height 3"))
            }
            // A restart at each height.
            #expect(try await follower.submit(block) == .connected)
            await follower.stop()
            follower = try await TestNetwork.chain(parameters, store: store)
            try await expectSame(source, follower)
        }
        #expect(try await source.modelSnapshot().weights.configuration.layerCount == 2)
        // The other way: what is mined without them is refused by whoever has them.
        _ = try await MiningLoop(chain: plain).mine(1, paying: program)
        let old = try #require(try await plain.blocks(from: 3).first)
        #expect(old.header.version == 1)
        #expect(try await source.submit(old).rule == "bad-version")
        for chain in [source, follower, plain] { await chain.stop() }
    }

    /// Windows and held-out part are those of the second text: who trains on with the first gets other digests.
    @Test func blocksTrainOnTheTextInForce() async throws {
        let parameters = try Self.parameters()
        let chain = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: chain).mine(4, paying: try TestKey(1).program)
        let header = try await chain.blocks(from: 4)[0].header
        let environment = try TestNetwork.environment(parameters)
        let stage = environment.stage(at: 4)
        #expect(stage.growth == nil && stage.corpus.tree.root == TestNetwork.secondReference.root)
        let seed = parameters.workSeed(of: header)
        let second = try BatchSampler(corpus: TestNetwork.secondCorpus, contextLength: stage.configuration.contextLength, batchSize: stage.configuration.batchSize)
        #expect(try stage.sampler.batch(workSeed: seed, step: 1) == second.batch(workSeed: seed, step: 1))
        #expect(try stage.sampler.batch(workSeed: seed, step: 1) != environment.stage(at: 3).sampler.batch(workSeed: seed, step: 1))
        #expect(try environment.stage(after: 3).sampler.heldOutBatch() == second.heldOutBatch())
        await chain.stop()
    }

    /// Both branches pass the heights above the fork; the longer one wins, and the other takes all of that back. A restart behind it changes nothing.
    @Test(arguments: [1, 2, 3, 4]) func aReorganisationCrossesTheAmendments(fork: Int) async throws {
        let parameters = try Self.parameters()
        let store = MemoryStore()
        var left = try await TestNetwork.chain(parameters, store: store)
        let right = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: left).mine(fork, paying: try TestKey(1).program)
        for block in try await left.blocks(from: 1) { #expect(try await right.submit(block) == .connected) }
        _ = try await MiningLoop(chain: left).mine(6 - fork, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: right).mine(7 - fork, paying: try TestKey(2).program)
        for block in try await right.blocks(from: BlockHeight(fork + 1), limit: 20) { _ = try await left.submit(block) }
        try await expectSame(left, right)
        #expect(try await left.tip().height == 7)
        await left.stop()
        left = try await TestNetwork.chain(parameters, store: store)
        try await expectSame(left, right)
        // It goes on as the other does.
        _ = try await MiningLoop(chain: left).mine(1, paying: try TestKey(1).program)
        #expect(try await right.submit(try await left.blocks(from: 8)[0]) == .connected)
        try await expectSame(left, right)
        for chain in [left, right] { await chain.stop() }
    }

    /// A payment that waits when an amendment comes into force leaves the pool; signed anew it stands, and only on this side.
    @Test func waitingPaymentsAreSignedAnew() async throws {
        var parameters = try TestNetwork.parameters()
        let plain = try await TestNetwork.chain(parameters)
        parameters.amendments = [Amendment(height: 105, peakLearningRate: 900)]
        let chain = try await TestNetwork.chain(try parameters.validated())
        let key = try TestKey(1)
        _ = try await MiningLoop(chain: plain).mine(104, paying: key.program)
        let blocks = try await plain.blocks(from: 1, limit: 200)
        for block in blocks.prefix(103) { #expect(try await chain.submit(block) == .connected) }
        let outPoint = OutPoint(txid: blocks[0].transactions[0].txid, index: 0)
        let coin = (outPoint, try #require(try await chain.coin(outPoint)))
        func payment(_ rules: Hash256) throws -> Transaction {
            key.payment(
                from: [coin], to: [TransactionOutput(value: Amount(haruki: 4_000_000_000), program: key.program)],
                genesis: parameters.genesisHash, rulesRoot: rules)
        }
        let (before, after) = (try payment(.zero), try payment(parameters.rulesRoot(at: 105)))
        #expect(before.txid == after.txid)
        // Beside the height the sender may be a block ahead or behind, so it is not to blame; elsewhere it could know.
        await #expect { try await chain.submit(after) } throws: { ($0 as? MempoolRejection)?.kind == .early }
        try await chain.submit(before)
        #expect(try await chain.submit(blocks[103]) == .connected)
        #expect(await chain.mempoolEntries().isEmpty)
        await #expect { try await chain.submit(before) } throws: { ($0 as? MempoolRejection)?.kind == .early }
        try await chain.submit(after)
        await #expect { try await plain.submit(after) } throws: { ($0 as? MempoolRejection)?.kind == .invalid }
        try await plain.submit(before)
        _ = try await MiningLoop(chain: chain).mine(1, paying: key.program)
        #expect(try await chain.coin(outPoint) == nil)
        #expect(try await chain.blocks(from: 105)[0].transactions[1] == after)
        for chain in [chain, plain] { await chain.stop() }
    }

    /// What a chain has behind it cannot be amended: such a list is refused at the start, with the height, and nothing is changed.
    @Test func aListThatComesTooLateIsRefused() async throws {
        let (amended, plain) = (try Self.parameters(), try Self.parameters(amended: false))
        func open(_ parameters: ChainParameters, _ store: MemoryStore) async throws -> NodeError? {
            do {
                await (try await TestNetwork.chain(parameters, store: store)).stop()
                return nil
            } catch let error as NodeError { return error }
        }
        for (height, own, other) in [(3, plain, amended), (6, amended, plain)] {
            let store = MemoryStore()
            let chain = try await TestNetwork.chain(own, store: store)
            _ = try await MiningLoop(chain: chain).mine(2, paying: try TestKey(1).program)
            await chain.stop()
            // Both lists say the same up to here.
            #expect(try await open(other, store) == nil)
            let longer = try await TestNetwork.chain(own, store: store)
            _ = try await MiningLoop(chain: longer).mine(height - 2, paying: try TestKey(1).program)
            await longer.stop()
            let error = try #require(try await open(other, store))
            #expect(error.code == .foreignDataDirectory && error.message.contains("from height 3 on"), "\(error)")
            #expect(try await open(own, store) == nil)
        }
    }

    @Test func aCorpusThatCannotBeOpenedIsRefused() async throws {
        var parameters = try TestNetwork.parameters()
        parameters.amendments = [Amendment(height: 9, corpus: CorpusReference(length: 100_000, root: Keccak256.hash([1])))]
        try parameters.validated()
        await #expect { try await TestNetwork.chain(parameters) } throws: {
            ($0 as? NodeError)?.code == .corpusMissing && "\($0)".contains("from height 9 on")
        }
    }
}
