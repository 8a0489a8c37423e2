@testable import FlowConsensus
import FlowCrypto
@testable import FlowModel
import FlowStore
import FlowTensor
import Foundation
import TestSupport
import FlowRPC
import Testing

@testable import FlowNode

/// A chain whose model grows on the way, in all of its sizes.
@Suite struct GrowthChainTests {
    /// Deeper at height 3; wider experts and embedding, more experts, longer windows and larger batches at height 5.
    private static func parameters(first: BlockHeight = 3, second: BlockHeight = 5) throws -> ChainParameters {
        var parameters = try TestNetwork.parameters()
        var deeper = parameters.model
        deeper.layerCount = 2
        var wider = deeper
        wider.embeddingLength = 64
        wider.expertWidth = 64
        wider.headCount = 4
        wider.expertCount = 8
        wider.contextLength = 24
        wider.batchSize = 4
        parameters.growth = [
            GrowthStage(height: first, model: deeper, costRatio: CostRatio(5, 2)),
            GrowthStage(height: second, model: wider, costRatio: CostRatio(8)),
        ]
        return try parameters.validated()
    }

    private func shape(_ chain: ChainService) async throws -> ModelShape {
        let c = await chain.modelSnapshot().weights.configuration
        return ModelShape(
            embeddingLength: UInt32(c.embeddingLength), layerCount: UInt32(c.layerCount), headCount: UInt32(c.headCount),
            expertCount: UInt32(c.expertCount), expertWidth: UInt32(c.expertWidth), contextLength: UInt32(c.contextLength),
            batchSize: UInt32(c.batchSize))
    }

    @Test func theModelGrowsInTheMiddleOfTheChain() async throws {
        let parameters = try Self.parameters()
        let (source, node) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        let key = try TestKey(1)
        for height in BlockHeight(1)...7 {
            let before = await source.modelSnapshot()
            #expect(try await shape(source) == parameters.model(at: height))
            let template = try await source.blockTemplate()
            #expect(template.modelRoot == before.weights.root())
            _ = try await MiningLoop(chain: source).mine(1, paying: key.program)
            let block = try #require(try await source.blocks(from: height).first)
            #expect(block.header.modelRoot == before.weights.root())
            #expect(try await node.submit(block) == .connected)
            try await expectSame(source, node)
            // The delta is what the training did; the growth comes on top of it.
            let delta = try ModelDelta(decoding: try #require(try await source.modelDelta(of: block.hash)))
            #expect(delta.units.count == before.weights.count)
            let trained = before.weights.copy()
            try trained.apply(delta)
            let after = await source.modelSnapshot().weights
            if parameters.growthStage(beginningAt: height + 1) == nil {
                #expect(trained.hasSameBits(as: after))
            } else {
                let growth = try ModelGrowth(
                    from: ModelConfiguration(parameters, at: height), to: ModelConfiguration(parameters, at: height + 1))
                #expect(try growth.grown(trained).hasSameBits(as: after))
            }
            #expect(await source.tip().heldOutLoss?.isFinite == true)
        }
        await source.stop()
        await node.stop()
    }

    /// Both branches grow twice by themselves; the longer one wins, and the other takes all of that back.
    @Test func aReorganisationCrossesBothGrowths() async throws {
        let parameters = try Self.parameters()
        let (leftStore, rightStore) = (MemoryStore(), MemoryStore())
        let left = try await TestNetwork.chain(parameters, store: leftStore)
        let right = try await TestNetwork.chain(parameters, store: rightStore)
        _ = try await MiningLoop(chain: left).mine(1, paying: try TestKey(1).program)
        for block in try await left.blocks(from: 1) { #expect(try await right.submit(block) == .connected) }
        // The left stops before the second growth, at a tip whose child grows; the right goes beyond it.
        _ = try await MiningLoop(chain: left).mine(3, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: right).mine(5, paying: try TestKey(2).program)
        let old = await left.modelSnapshot()
        #expect(old.tip.height == 4)
        for block in try await right.blocks(from: 2) { _ = try await left.submit(block) }
        #expect(await left.tip().height == 6)
        try await expectSame(left, right)
        #expect(try await shape(left) == parameters.growth[1].model)
        // The branch that was left can be replayed from and moved to again: three more blocks on its old tip win.
        let away = try await TestNetwork.chain(parameters)
        for block in try await left.blocks(from: 1, limit: 1) { _ = try await away.submit(block) }
        var hash = old.tip.hash
        var branch: [Block] = []
        while let entry = await left.entry(hash), entry.height > 1, let block = try await left.block(hash) {
            branch.insert(block, at: 0)
            hash = entry.header.previousHash
        }
        for block in branch { #expect(try await away.submit(block) == .connected) }
        #expect(await away.modelSnapshot().weights.hasSameBits(as: old.weights))
        _ = try await MiningLoop(chain: away).mine(3, paying: try TestKey(3).program)
        for block in try await away.blocks(from: 5) { _ = try await left.submit(block) }
        for block in branch { _ = try await right.submit(block) }
        for block in try await away.blocks(from: 5) { _ = try await right.submit(block) }
        try await eventually { await right.tip().height == 7 }
        try await expectSame(left, away)
        try await expectSame(right, away)
        // And after a restart both are where they were.
        await left.stop()
        await right.stop()
        for store in [leftStore, rightStore] {
            let again = try await TestNetwork.chain(parameters, store: store)
            try await expectSame(again, away)
            await again.stop()
        }
        await away.stop()
    }

    /// At every height: before a growth, at it, after it; with the base snapshot at genesis.
    @Test func restartsAtEveryHeight() async throws {
        let parameters = try Self.parameters()
        let store = MemoryStore()
        for height in BlockHeight(0)...6 {
            let chain = try await TestNetwork.chain(parameters, store: store)
            let before = await chain.modelSnapshot()
            #expect(before.tip.height == height)
            #expect(before.weights.root() == before.tip.resultRoot)
            #expect(try await shape(chain) == parameters.model(at: height + 1))
            _ = try await MiningLoop(chain: chain).mine(1, paying: try TestKey(1).program)
            await chain.stop()
        }
    }

    /// A base snapshot of grown weights: it is written at height 32, whose child is the first block of a stage.
    @Test func theBaseSnapshotHoldsTheGrownWeights() async throws {
        let parameters = try Self.parameters(first: 33, second: 34)
        let store = MemoryStore()
        let chain = try await TestNetwork.chain(parameters, store: store)
        _ = try await MiningLoop(chain: chain).mine(32, paying: try TestKey(1).program)
        #expect(try await shape(chain) == parameters.growth[0].model)
        let at32 = await chain.modelSnapshot().weights
        await chain.stop()
        let again = try await TestNetwork.chain(parameters, store: store)
        #expect(await again.modelSnapshot().weights.hasSameBits(as: at32))
        _ = try await MiningLoop(chain: again).mine(2, paying: try TestKey(1).program)
        let at34 = await again.modelSnapshot().weights
        await again.stop()
        // A side branch below the base takes the growth back from the snapshot.
        let other = try await TestNetwork.chain(parameters)
        let last = try await TestNetwork.chain(parameters, store: store)
        #expect(await last.modelSnapshot().weights.hasSameBits(as: at34))
        for block in try await last.blocks(from: 1, limit: 31) { _ = try await other.submit(block) }
        _ = try await MiningLoop(chain: other).mine(5, paying: try TestKey(2).program)
        for block in try await other.blocks(from: 32) { _ = try await last.submit(block) }
        try await expectSame(last, other)
        await last.stop()
        await other.stop()
    }

    // MARK: Refusals

    /// A block with digests that nobody trained, whose hash meets the easy target.
    private func forged(_ block: Block, _ parameters: ChainParameters) -> Block {
        var forged = block
        forged.header.steps = 1
        repeat {
            forged.stepDigests = [(forged.stepDigests.first ?? .zero).next]
            forged.header.deltaHash = DigestChain.end(
                modelRoot: forged.header.modelRoot, workSeed: parameters.workSeed(of: forged.header),
                stepDigests: forged.stepDigests)
        } while !forged.header.meetsTarget
        return forged
    }

    @Test func refusesUngrownWeightsAndFalseTraining() async throws {
        let parameters = try Self.parameters()
        let chain = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: chain).mine(2, paying: try TestKey(1).program)
        let template = try await chain.blockTemplate().block(paying: try TestKey(1).program)
        let growth = try ModelGrowth(from: ModelConfiguration(parameters, at: 2), to: ModelConfiguration(parameters, at: 3))
        var ungrown = template
        ungrown.header.modelRoot = try growth.shrunk(await chain.modelSnapshot().weights).root()
        #expect(try await chain.submit(forged(ungrown, parameters)).rule == "bad-model-root")
        // The right weights, but digests that the grown model does not give: judged by a replay in the new shape.
        #expect(try await chain.submit(forged(template, parameters)).rule == "training-digest")
        _ = try await MiningLoop(chain: chain).mine(1, paying: try TestKey(1).program)
        #expect(await chain.tip().height == 3)
        await chain.stop()
    }

    @Test func aReplayFollowsTheStages() async throws {
        let parameters = try Self.parameters()
        let chain = try await TestNetwork.chain(parameters)
        var weights: [Hash256: ModelState] = [parameters.genesisHash: await chain.modelSnapshot().weights]
        for _ in 1...6 {
            _ = try await MiningLoop(chain: chain).mine(1, paying: try TestKey(1).program)
            let (tip, state) = await chain.modelSnapshot()
            weights[tip.hash] = state
        }
        let known = weights
        let engine = ReplayEngine(environment: chain.environment)
        for block in try await chain.blocks(from: 1) {
            let claim = TrainingClaim(
                header: block.header, parentHash: block.header.previousHash, stepDigests: block.stepDigests)
            let root = await chain.entry(block.hash)?.resultRoot
            #expect(root != nil)
            let parent = try #require(known[claim.parentHash])
            guard case .valid(let result) = engine.replay(claim, parent: parent, cancel: FlowNode.CancellationFlag()).outcome else {
                Issue.record("the block at height \(block.header.height) was not found valid")
                break
            }
            #expect(result.root == root)
        }
        await chain.stop()
    }

    @Test func aNetworkThatCannotGrowIsRefused() async throws {
        var parameters = try Self.parameters()
        parameters.growth[0].model.layerCount = 5
        await #expect(throws: NodeError.self) { _ = try await TestNetwork.chain(parameters) }
        parameters = try Self.parameters()
        parameters.growth[1].model.contextLength = 60_000
        await #expect(throws: NodeError.self) { _ = try await TestNetwork.chain(parameters) }
    }

    // MARK: The whole node

    /// Two nodes over loopback, JSON-RPC, and the grown model as a file that the inference engine runs.
    @Test func nodesSpeakAboutTheGrownModel() async throws {
        let parameters = try Self.parameters()
        let (left, right) = (try TemporaryFolder(), try TemporaryFolder())
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: left.path)
        configuration.corpora = [.embedded]
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = 0
        configuration.threads = 1
        let first = try await Node(configuration)
        let key = try TestKey(1)
        #expect(try await info(first)["nextgrowthheight"] == 3)
        _ = try await first.miner.mine(3, paying: key.program)
        configuration.dataDirectory = right.path
        configuration.connect = ["127.0.0.1:\(try #require(first.listeningPort))"]
        let second = try await Node(configuration)
        try await eventually { await second.chain.tip().height == 3 }
        #expect(try await info(second)["layers"] == 2)
        #expect(try await info(second)["embeddinglength"] == 32)
        #expect(try await info(second)["nextgrowthheight"] == 5)
        _ = try await second.miner.mine(3, paying: key.program)
        try await eventually { await first.chain.tip().height == 6 }
        try await expectSame(first.chain, second.chain)
        let answer = try await info(first)
        #expect(answer["embeddinglength"] == 64 && answer["experts"] == 8 && answer["contextlength"] == 24)
        #expect(answer["nextgrowthheight"] == .null)
        let (tip, weights) = await first.chain.modelSnapshot()
        #expect(answer["parameters"] == .integer(weights.count))
        #expect(await first.chain.modelState(root: try #require(tip.resultRoot)) == weights.bytes)

        let file = left.path + "/model.gguf"
        try await first.chain.exportModel(to: file, format: .f32)
        let model = try InferenceModel(path: file)
        #expect(model.configuration.embeddingLength == 64 && model.configuration.layerCount == 2)
        #expect(model.configuration.headCount == 4 && model.configuration.expertCount == 8)
        #expect(model.configuration.feedForwardLength == 64 && model.configuration.contextLength == 24)
        let tokens = Array("In the beginning God cr".utf8).map(Int.init)
        let session = InferenceSession(model: model)
        try session.prefill(tokens)
        #expect(session.logits.count == 258 && session.logits.allSatisfy(\.isFinite))
        // The engine answers as training's own forward pass does, up to its 8 bits.
        let c = weights.configuration
        let trainer = Trainer(configuration: c, backend: SIMDBackend())
        let row = tokens.map(UInt16.init) + [0, 0]
        let logits = try trainer.logits(
            weights: weights, batch: TokenBatch(windows: 1, contextLength: c.contextLength, tokens: row))
        let last = Array(logits[258 * (tokens.count - 1)..<258 * tokens.count])
        let distance = zip(last, session.logits).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        let norm = last.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(distance < 0.1 * norm, "\(distance) of \(norm)")
        await second.stop()
        await first.stop()
    }

    private func info(_ node: Node) async throws -> JSONValue {
        let request: JSONValue = ["method": "getmodelinfo", "params": [], "id": 1]
        let reply = try JSONParser.parse(await node.rpc.handle(body: request.encodedBytes).body)
        #expect(reply["error"] == .null, "\(reply.text)")
        return reply["result"] ?? .null
    }
}
