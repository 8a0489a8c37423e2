import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import FlowTensor
import Synchronization
import Testing

@testable import FlowNode

/// Multiplies right until it is told not to.
private final class FaultyBackend: MatrixBackend {
    let name = "faulty"
    private let isBroken = Atomic(false)
    func breakDown() { isBroken.store(true, ordering: .relaxed) }

    func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        ReferenceBackend().execute(products, pool: pool)
        guard isBroken.load(ordering: .relaxed) else { return }
        for product in products where product.m > 0 && product.n > 0 { product.output[0] += 1 }
    }
}

@Suite struct ReplayTests {
    @Test func aFaultyBackendBlamesNobody() async throws {
        let parameters = try TestNetwork.parameters()
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(2, paying: try TestKey(1).program)
        let blocks = try await source.blocks(from: 1)
        let backend = FaultyBackend()
        let store = MemoryStore()
        let node = try await TestNetwork.chain(parameters, store: store, backend: backend)
        #expect(try await node.submit(blocks[0]) == .connected)
        backend.breakDown()
        let fate = try await node.submit(blocks[1])
        guard case .localFault(let text) = fate else {
            Issue.record("\(fate)")
            return
        }
        #expect(text.contains("faulty") && text.contains("portable"))
        #expect(await node.entry(blocks[1].hash)?.violation == nil)
        #expect(await node.warnings().contains("faulty"))
        await node.stop()
        // With sound arithmetic the same directory goes on.
        let again = try await TestNetwork.chain(parameters, store: store)
        #expect(try await again.submit(blocks[1]) == .connected)
        try await expectSame(source, again)
        await again.stop()
        await source.stop()
    }

    @Test func damagedWeightsBlameNobody() throws {
        let parameters = try TestNetwork.parameters()
        let engine = ReplayEngine(environment: try TestNetwork.environment(parameters))
        let weights = ModelState(initialising: engine.environment.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        let header = BlockHeader(
            previousHash: parameters.genesisHash, merkleRoot: .zero, modelRoot: parameters.genesisModelRoot, height: 1, time: 1,
            bits: parameters.powLimit, nonce: 1, steps: 1, deltaHash: .zero)
        let claim = TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: [.zero], keptStepsBefore: 0)
        guard case .wrongDigest(1, _, .zero) = engine.replay(claim, parent: weights, cancel: CancellationFlag()).outcome else {
            Issue.record("a false digest was not found")
            return
        }
        weights[7] += 0x1p-20
        let other = ReplayEngine(environment: engine.environment)
        guard case .localFault(.weights(parameters.genesisModelRoot, _)) = other.replay(claim, parent: weights, cancel: CancellationFlag()).outcome else {
            Issue.record("damaged weights were not found")
            return
        }
    }

    /// A block of three steps, what its replay starts from, and claims of the same seed that say something else.
    private struct Claims {
        let parameters: ChainParameters
        let engine: ReplayEngine
        let weights: ModelState
        let block: Block
        let root: Hash256?

        init() async throws {
            parameters = try TestNetwork.parameters(firstPayingStep: 3)
            let source = try await TestNetwork.chain(parameters)
            _ = try await MiningLoop(chain: source).mine(1, paying: try TestKey(1).program)
            block = try await source.blocks(from: 1)[0]
            root = await source.tip().resultRoot
            await source.stop()
            let environment = try TestNetwork.environment(parameters)
            engine = ReplayEngine(environment: environment)
            weights = ModelState(initialising: environment.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        }

        /// Only the digests count for a replay; `steps` and `deltaHash` are no part of the seed.
        func claim(_ digests: [Hash256], nonce: UInt64? = nil) -> TrainingClaim {
            var header = block.header
            header.nonce = nonce ?? header.nonce
            header.steps = UInt32(digests.count)
            return TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: digests, keptStepsBefore: 0)
        }

        func replay(_ claim: TrainingClaim, pausedAfterFirstStep: Bool = false) -> (outcome: ReplayOutcome, firstSteps: Int) {
            let cancel = CancellationFlag()
            var firstSteps = 0
            let outcome = engine.replay(claim, parent: weights, cancel: cancel) {
                firstSteps += 1
                if pausedAfterFirstStep { cancel.cancel() }
            }.outcome
            return (outcome, firstSteps)
        }
    }

    @Test func aPreemptedReplayGoesOnWhereItStopped() async throws {
        let claims = try await Claims()
        let honest = claims.claim(claims.block.stepDigests)
        guard case .preempted = claims.replay(honest, pausedAfterFirstStep: true).outcome else {
            Issue.record("not preempted")
            return
        }
        // Another claim between.
        guard case .wrongDigest(1, _, _) = claims.replay(claims.claim(claims.block.stepDigests, nonce: claims.block.header.nonce ^ 1)).outcome else {
            Issue.record("another seed's digests passed")
            return
        }
        guard case .valid(let result) = claims.replay(honest).outcome else {
            Issue.record("the replay was not taken up again")
            return
        }
        #expect(result.root == claims.root)
        #expect(try claims.weights.delta(to: result.state) == result.delta)
    }

    /// The steps done before a pause are compared with the claim that goes on, whichever that is.
    @Test func aFalseClaimDoesNotInheritTheStepsOfATrueOne() async throws {
        let claims = try await Claims()
        let digests = claims.block.stepDigests
        _ = claims.replay(claims.claim(digests), pausedAfterFirstStep: true)
        var forged = digests
        forged[0] = forged[0].flipped
        guard case .wrongDigest(1, digests[0], forged[0]) = claims.replay(claims.claim(forged)).outcome else {
            Issue.record("a false first digest was believed")
            return
        }
        // Shorter than what is done, as long, and the true one.
        let shorter = claims.replay(claims.claim(Array(digests.prefix(1)))).outcome
        guard case .valid(let result) = shorter else {
            Issue.record("\(shorter)")
            return
        }
        #expect(result.root != claims.root)
        guard case .wrongDigest(3, _, _) = claims.replay(claims.claim(digests.prefix(2) + [digests[2].flipped])).outcome,
            case .wrongDigest(2, _, _) = claims.replay(claims.claim([digests[0], digests[1].flipped])).outcome,
            case .valid(let whole) = claims.replay(claims.claim(digests)).outcome
        else {
            Issue.record("a claim of the same seed was misjudged")
            return
        }
        #expect(whole.root == claims.root)
    }

    /// The weights of the own tip differ from what its root says: found at the start, not later.
    @Test func aDamagedSnapshotIsFoundAtTheStart() async throws {
        let parameters = try TestNetwork.parameters()
        let store = MemoryStore()
        let node = try await TestNetwork.chain(parameters, store: store)
        _ = try await MiningLoop(chain: node).mine(2, paying: try TestKey(1).program)
        await node.stop()
        let key = StoreKey.base(1, piece: 0)
        var piece = try #require(try store.get(key))
        piece[2] ^= 1
        var batch = WriteBatch()
        batch.put(key, piece)
        try store.write(batch, sync: true)
        do {
            _ = try await TestNetwork.chain(parameters, store: store)
            Issue.record("the damage was not found")
        } catch let error as NodeError {
            #expect(error.code == .storeCorrupted)
        }
    }
}
