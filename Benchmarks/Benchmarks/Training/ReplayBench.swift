import Contest
import FlowConsensus
import FlowCrypto
import FlowModel
import FlowNode
import FlowTensor

/// One block of regtest on top of genesis: mined, and replayed by the node's own verifier.
final class ReplayBench {
    private let parameters = ChainParameters.regtest
    private let configuration: ModelConfiguration
    private let parent: ModelState
    private let sampler: BatchSampler
    private let trajectory: Trajectory
    private let heldOut: TokenBatch
    private var header: BlockHeader

    init(threads: Int) throws {
        let pool = ThreadPool(threads: threads)
        configuration = try ModelConfiguration(parameters)
        parent = ModelState(initialising: configuration, seed: parameters.training.initialisationSeed, pool: pool)
        sampler = try BatchSampler(
            corpus: SyntheticCorpus.regtest, contextLength: configuration.contextLength, batchSize: configuration.batchSize)
        heldOut = try sampler.heldOutBatch()
        header = BlockHeader(
            previousHash: Keccak256.hash([1]), merkleRoot: Keccak256.hash([2]), modelRoot: parent.root(pool: pool), height: 1,
            time: parameters.genesisTime + 600, bits: parameters.powLimit, nonce: 1, steps: 0, deltaHash: .zero)
        let steps = Int(parameters.training.stepsPerBlock), training = parameters.training
        trajectory = Trajectory(
            TrajectoryJob(
                parent: parent, modelRoot: header.modelRoot, workSeed: parameters.workSeed(of: header),
                stepsPerBlock: steps, firstPayingStep: Int(training.firstPayingStep),
                learningRateUnits: (0..<UInt64(steps)).map { training.learningRateUnits(height: 1, stepsBefore: $0) },
                sampler: sampler),
            trainer: Trainer(configuration: configuration, backend: try Backends.backend("automatic"), pool: pool))
    }

    /// All steps of a trajectory, a ticket after each, and what a miner takes from the last: state, root, delta, held-out loss.
    func mine() throws -> [Hash256] {
        trajectory.restart(trajectory.job)
        var digests: [Hash256] = []
        var tickets = 0
        while !trajectory.isFinished {
            let step = try trajectory.advance()
            digests.append(step.digest)
            header.steps = UInt32(step.index)
            header.deltaHash = step.deltaHash
            if header.meetsTarget { tickets += 1 }
        }
        let state = trajectory.weights.copy()
        _ = (state.root(pool: trajectory.trainer.pool), try parent.delta(to: state), tickets)
        _ = try trajectory.trainer.loss(weights: state, batch: heldOut)
        return digests
    }

    /// The node's verifier on what `mine` found.
    func verifier(threads: Int) throws -> () throws -> TrainingVerdict {
        let digests = try mine(), parent = parent
        let verifier = try ModelVerifier(
            parameters: parameters, sampler: sampler, backend: try Backends.backend("automatic"), pool: ThreadPool(threads: threads),
            weights: { _ in parent })
        let claim = TrainingClaim(header: header, parentHash: header.previousHash, stepDigests: digests)
        return {
            let verdict = try verifier.verify(claim)
            guard case .valid = verdict else { throw Wrong(verdict: verdict) }
            return verdict
        }
    }

    /// A replay that finds another result measures nothing.
    struct Wrong: Error { let verdict: TrainingVerdict }
}
