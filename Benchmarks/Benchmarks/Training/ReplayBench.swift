import Contest
import FlowConsensus
import FlowCrypto
import FlowModel
import FlowNode
import FlowTensor

/// One block of regtest on top of genesis: mined, and replayed as a node does.
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
                learningRateUnits: parameters.learningRateUnits(at: 1),
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

    /// What a node does with the block that `mine` found: each step anew, its digest compared as far as the block has one, then the root, the
    /// delta and the held-out loss.
    func replay() throws -> () throws -> [Hash256] {
        let claimed = try mine()
        return { [self] in
            trajectory.restart(trajectory.job)
            while !trajectory.isFinished {
                let step = try trajectory.advance()
                if step.index <= claimed.count, step.digest != claimed[step.index - 1] { throw Wrong() }
            }
            let state = trajectory.weights
            _ = (state.root(pool: trajectory.trainer.pool), try parent.delta(to: state))
            _ = try trajectory.trainer.loss(weights: state, batch: heldOut)
            return claimed
        }
    }

    /// A replay that finds another result measures nothing.
    struct Wrong: Error {}
}
