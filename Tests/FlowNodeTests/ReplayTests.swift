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
        #expect(text.contains("faulty") && text.contains("scalar reference"))
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
        guard case .wrongDigest(1, _, .zero) = engine.replay(claim, parent: weights, cancel: CancellationFlag(), firstStep: {}) else {
            Issue.record("a false digest was not found")
            return
        }
        weights[7] += 0x1p-20
        guard case .localFault(.weights(parameters.genesisModelRoot, _)) = engine.replay(claim, parent: weights, cancel: CancellationFlag(), firstStep: {}) else {
            Issue.record("damaged weights were not found")
            return
        }
    }

    @Test func aPreemptedReplayGoesOnWhereItStopped() async throws {
        let parameters = try TestNetwork.parameters(firstPayingStep: 3)
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(1, paying: try TestKey(1).program)
        let block = try await source.blocks(from: 1)[0]
        let environment = try TestNetwork.environment(parameters)
        let engine = ReplayEngine(environment: environment)
        let weights = ModelState(initialising: environment.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        let claim = TrainingClaim(header: block.header, parentHash: parameters.genesisHash, stepDigests: block.stepDigests, keptStepsBefore: 0)
        let cancel = CancellationFlag()
        var firstSteps = 0
        guard case .preempted = engine.replay(claim, parent: weights, cancel: cancel, firstStep: { firstSteps += 1; cancel.cancel() }) else {
            Issue.record("not preempted")
            return
        }
        // Another claim between.
        var other = block.header
        other.nonce ^= 1
        let strange = TrainingClaim(header: other, parentHash: parameters.genesisHash, stepDigests: block.stepDigests, keptStepsBefore: 0)
        guard case .wrongDigest(1, _, _) = engine.replay(strange, parent: weights, cancel: CancellationFlag(), firstStep: { firstSteps += 1 }) else {
            Issue.record("another seed's digests passed")
            return
        }
        guard case .valid(let result) = engine.replay(claim, parent: weights, cancel: CancellationFlag(), firstStep: { firstSteps += 1 }) else {
            Issue.record("the replay was not taken up again")
            return
        }
        #expect(firstSteps == 1)
        #expect(result.root == (try await source.tip()).resultRoot)
        #expect(try weights.delta(to: result.state) == result.delta)
        await source.stop()
    }

    @Test func verifiesForTheRules() async throws {
        let parameters = try TestNetwork.parameters()
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(1, paying: try TestKey(1).program)
        var block = try await source.blocks(from: 1)[0]
        let environment = try TestNetwork.environment(parameters)
        let weights = ModelState(initialising: environment.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        let verifier = try ModelVerifier(parameters: parameters, sampler: environment.stage(at: 1).sampler, backend: ReferenceBackend()) {
            $0 == parameters.genesisHash ? weights : nil
        }
        let validator = BlockValidator(parameters: parameters)
        #expect(try validator.checkTraining(block, keptStepsBefore: 0, verifier: verifier) == (try await source.tip()).resultRoot)
        // Another number of kept steps means another learning rate: the weights differ, the first momentum does not.
        block.stepDigests[0] = block.stepDigests[0].flipped
        #expect(throws: BlockViolation.self) { try validator.checkTraining(block, keptStepsBefore: 0, verifier: verifier) }
        block.header.previousHash = .zero
        #expect(throws: TrainingFault.self) { try validator.checkTraining(block, keptStepsBefore: 0, verifier: verifier) }
        await source.stop()
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
