import Contest
import FlowCrypto
import FlowModel
import FlowTensor

/// A model of one shape in the middle of a trajectory: what a ticket costs a miner and a replay costs a validator.
final class StepBench {
    private let trajectory: Trajectory
    private let job: TrajectoryJob

    init(_ configuration: ModelConfiguration, backend: String, threads: Int) throws {
        let pool = ThreadPool(threads: threads)
        let sampler = try BatchSampler(
            corpus: SyntheticCorpus.regtest, contextLength: configuration.contextLength, batchSize: configuration.batchSize)
        job = TrajectoryJob(
            parent: ModelState(initialising: configuration, seed: 1, pool: pool), modelRoot: .zero, workSeed: Keccak256.hash([1]),
            stepsPerBlock: 16, firstPayingStep: 1, learningRateUnits: Array(repeating: 1_024, count: 16), sampler: sampler)
        trajectory = Trajectory(job, trainer: Trainer(configuration: configuration, backend: try Backends.backend(backend), pool: pool))
    }

    /// Forward, backward, update, digest.
    func step() throws -> TrajectoryStep {
        if trajectory.isFinished { trajectory.restart(job) }
        return try trajectory.advance()
    }

    /// The digest alone.
    func digest() -> Hash256 { MomentumDigest.digest(trajectory.momentum, pool: trajectory.trainer.pool) }
}
