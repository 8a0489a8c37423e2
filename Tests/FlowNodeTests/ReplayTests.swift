import FlowConsensus
import FlowCrypto
import FlowModel
import FlowP2P
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
    /// A chain and the blocks that it mined.
    private static func mined(_ count: Int, _ parameters: ChainParameters) async throws -> (source: ChainService, blocks: [Block]) {
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(count, paying: try TestKey(1).program)
        return (source, try await source.blocks(from: 1))
    }

    /// The block's result is what the trajectory leaves after S steps, whichever step was the ticket; the next block starts there.
    @Test(arguments: [1, 2, 4] as [UInt32]) func theResultIsTheTrajectorysEnd(firstPayingStep: UInt32) async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 5, firstPayingStep: firstPayingStep)
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(2, paying: try TestKey(1).program)
        let environment = try TestNetwork.environment(parameters)
        let trainer = Trainer(configuration: environment.stage(at: 1).configuration, backend: SIMDBackend())
        var weights = ModelState(initialising: trainer.configuration, seed: parameters.training.initialisationSeed)
        for block in try await source.blocks(from: 1) {
            #expect(block.header.modelRoot == weights.root())
            #expect(block.stepDigests.count == Int(block.header.steps))
            let trajectory = Trajectory(environment.job(block.header, parent: weights), trainer: trainer)
            var digests: [Hash256] = []
            while !trajectory.isFinished { digests.append(try trajectory.advance().digest) }
            #expect(digests.count == 5 && Array(digests.prefix(block.stepDigests.count)) == block.stepDigests)
            #expect(trajectory.job.learningRateUnits[0] == parameters.learningRateUnits(at: block.header.height)[0])
            weights = trajectory.weights
        }
        #expect(await source.tip().resultRoot == weights.root())
        await source.stop()
    }

    /// A step without a result behind the ticket takes nothing from the block: its result is what the steps before it left.
    @Test(arguments: 1...4) func aStepWithoutAResultBehindTheTicketEndsTheTrajectory(poisonedStep: Int) throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 4)
        let clean = try TestNetwork.environment(parameters)
        let configuration = clean.stage(at: 1).configuration
        let weights = ModelState(initialising: configuration, seed: parameters.training.initialisationSeed)
        let header = BlockHeader(
            previousHash: parameters.genesisHash, merkleRoot: .zero, modelRoot: parameters.genesisModelRoot, height: 1, time: 1,
            bits: parameters.powLimit, nonce: 1, steps: 2, deltaHash: .zero)
        let counting = SpoiledBackend(call: 0)
        _ = try Trajectory(clean.job(header, parent: weights), trainer: Trainer(configuration: configuration, backend: counting)).advance()

        let expected = Trajectory(clean.job(header, parent: weights), trainer: Trainer(configuration: configuration, backend: ReferenceBackend()))
        var digests: [Hash256] = []
        while digests.count < max(2, poisonedStep - 1) { digests.append(try expected.advance().digest) }

        let poisoned = SpoiledBackend(call: (poisonedStep - 1) * counting.callCount + 1) { $0 = .nan }
        let engine = ReplayEngine(environment: try TestNetwork.environment(parameters, backend: poisoned))
        let claim = TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: Array(digests.prefix(2)))
        let finding = engine.replay(claim, parent: weights, cancel: CancellationFlag())
        switch finding.outcome {
        case .valid(let result) where poisonedStep > 2:
            #expect(!engine.environment.trust.isDistrusted)
            #expect(result.root == expected.weights.root())
            #expect(finding.known.digests == digests && finding.known.end != nil && finding.alarm == nil)
        // Among the claimed steps other kernels are asked; they take the backend's place.
        case .valid(let result) where engine.environment.trust.isDistrusted:
            while !expected.isFinished { _ = try expected.advance() }
            #expect(result.root == expected.weights.root())
            guard case .backend("spoiled", poisonedStep, _, nil)? = finding.alarm else {
                Issue.record("\(finding.alarm.map { "\($0)" } ?? "no alarm")")
                return
            }
        default: Issue.record("step \(poisonedStep)")
        }
    }

    /// A backend that begins to compute wrong is found out by the first digest that it calls false, and the portable kernels go on.
    @Test func aFaultyBackendBlamesNobody() async throws {
        let parameters = try TestNetwork.parameters()
        let (source, blocks) = try await Self.mined(3, parameters)
        let backend = FaultyBackend()
        let node = try await TestNetwork.chain(parameters, backend: backend)
        backend.breakDown()
        for block in blocks { #expect(try await node.submit(block) == .connected) }
        let text = await node.warnings()
        #expect(text.contains("faulty") && text.contains("portable"))
        try await expectSame(source, node)
        // Its own mining computes with them too.
        _ = try await MiningLoop(chain: node).mine(1, paying: try TestKey(1).program)
        #expect(try await source.submit(try await node.blocks(from: 4)[0]) == .connected)
        await node.stop()
        await source.stop()
    }

    /// Where it breaks down after it had proved right, up to fifteen verdicts rely on it: once it is found out they are taken back.
    @Test func verdictsOfAFaultyBackendAreTakenBack() async throws {
        let parameters = try TestNetwork.parameters()
        var rivals: [Block] = []
        for _ in 0...(Confidence.reliance + 1) {
            let source = try await TestNetwork.chain(parameters)
            _ = try await MiningLoop(chain: source).mine(1, paying: try TestKey(1).program)
            rivals.append(contentsOf: try await source.blocks(from: 1))
            await source.stop()
        }
        let backend = FaultyBackend()
        let node = try await TestNetwork.chain(parameters, backend: backend)
        var lie = rivals[0]
        lie.stepDigests[0] = lie.stepDigests[0].flipped
        lie.seal(parameters)
        // Confirmed, so the next fifteen are not.
        #expect(try await node.submit(lie).rule == "training-digest")
        backend.breakDown()
        let (relied, found) = (rivals[1...Confidence.reliance], rivals[Confidence.reliance + 1])
        for block in relied { #expect(try await node.submit(block).rule == "training-digest") }
        #expect(try await node.submit(found) == .connected)
        #expect(await node.warnings().contains("faulty"))
        for block in relied {
            #expect(await node.read { $0.tree.condemned(block.hash) == nil })
            #expect(try await node.submit(block) == .sideChain)
        }
        // A branch on one can be followed (the tree keeps the last ones that a source names).
        let other = try await TestNetwork.chain(parameters)
        #expect(try await other.submit(try #require(relied.last)) == .connected)
        _ = try await MiningLoop(chain: other).mine(1, paying: try TestKey(1).program)
        #expect(try await node.submit(try await other.blocks(from: 2)[0]) == .connected)
        try await expectSame(other, node)
        await other.stop()
        await node.stop()
    }

    /// A backend breaks down after the first block: the next honest block is condemned on its word, until somebody builds on that block.
    @Test func aVerdictThatOthersDoNotShareIsLookedAtAgain() async throws {
        let parameters = try TestNetwork.parameters()
        let (source, blocks) = try await Self.mined(3, parameters)
        let backend = FaultyBackend()
        let node = try await TestNetwork.chain(parameters, backend: backend)
        #expect(try await node.submit(blocks[0]) == .connected)
        backend.breakDown()
        #expect(try await node.submit(blocks[1]).rule == "training-digest")
        #expect(await node.read { $0.tree.condemned(blocks[1].hash) != nil })
        _ = try await node.accept(headers: [blocks[2].header])
        #expect(await node.read { $0.tree.condemned(blocks[1].hash) == nil })
        for block in blocks.dropFirst() { #expect(try await node.submit(block) == .connected) }
        #expect(await node.warnings().contains("faulty"))
        try await expectSame(source, node)
        await node.stop()
        await source.stop()
    }

    @Test func whoWasCalledALiarByAFaultyMachineMayComeBack() async throws {
        let node = try await TestNetwork.chain(try TestNetwork.parameters())
        let (peer, source) = (PeerID(rawValue: 7), BlockTree.Announcer(rawValue: 7))
        await node.read { chain in
            var sync = BlockSync()
            #expect(sync.handle(.lied(source, fault: "x"), chain: chain).isEmpty)
            _ = sync.handle(.connected(peer), now: .zero, chain: chain)
            #expect(sync.handle(.lied(source, fault: "x"), chain: chain) == [.lied(peer, fault: "x")])
            #expect(sync.handle(.verdictsTakenBack, chain: chain).contains(.liftBansOfLiars))
            #expect(!sync.handle(.reconsidered, chain: chain).contains(.liftBansOfLiars))
        }
        await node.stop()
    }

    /// Who builds on forgeries has one of them looked at again, for each block that proves right.
    @Test func blocksOnForgeriesBuyOneSecondOpinion() async throws {
        let parameters = try TestNetwork.parameters()
        let (source, honest) = try await Self.mined(2, parameters)
        let node = try await TestNetwork.chain(parameters)
        func forge(_ salt: UInt8) -> (block: Block, child: BlockHeader) {
            var block = honest[1]
            block.stepDigests[0] = Keccak256.hash([salt])
            block.seal(parameters)
            var child = block
            child.header.previousHash = block.hash
            child.header.height += 1
            child.header.time += 1
            child.seal(parameters)
            return (block, child.header)
        }
        #expect(try await node.submit(honest[0]) == .connected)
        for salt in (0..<4) as Range<UInt8> {
            let (block, child) = forge(salt)
            #expect(try await node.submit(block).rule == "training-digest")
            guard case .condemned? = try await node.accept(headers: [child]).refusal else {
                Issue.record("a block on a forgery was taken")
                return
            }
            #expect(await node.read { $0.tree.condemned(block.hash) == nil } == (salt == 0))
            if salt == 0 { #expect(try await node.submit(block).rule == "training-digest") }
            #expect(try await node.accept(headers: [child]).new == 0)
            #expect(await node.read { $0.tree.condemned(block.hash) != nil })
        }
        #expect(try await node.submit(honest[1]) == .connected)
        #expect(await node.warnings().isEmpty)
        await node.stop()
        await source.stop()
    }

    @Test func damagedWeightsBlameNobody() throws {
        let parameters = try TestNetwork.parameters()
        let engine = ReplayEngine(environment: try TestNetwork.environment(parameters))
        let weights = ModelState(initialising: engine.environment.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        let header = BlockHeader(
            previousHash: parameters.genesisHash, merkleRoot: .zero, modelRoot: parameters.genesisModelRoot, height: 1, time: 1,
            bits: parameters.powLimit, nonce: 1, steps: 1, deltaHash: .zero)
        let claim = TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: [.zero])
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
            return TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: digests)
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
        // The trajectory's end is the result, whichever step was the ticket.
        #expect(result.root == claims.root)
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
