import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor

/// Replays the training of blocks, one at a time; everything here blocks and belongs to one thread. A replay that was
/// preempted is kept and taken up again when the same seed comes back.
final class ReplayEngine {
    let environment: TrainingEnvironment
    private var pool: ThreadPool { environment.pool }
    private let trainer: StageTrainer
    private var paused: Replay?
    /// A trajectory whose memory may be used again.
    private var spare: Trajectory?

    private struct Replay {
        let seed: Hash256
        let trajectory: Trajectory
        var losses: [Double] = []
    }

    init(environment: TrainingEnvironment) {
        self.environment = environment
        trainer = StageTrainer(environment: environment)
    }

    /// Replays a claim from its parent's weights.
    /// - Parameters:
    ///   - parent: the weights that the block starts from
    ///   - cancel: looked at between steps
    ///   - firstStep: called once the first digest proved right
    func replay(
        _ claim: TrainingClaim, parent: ModelState, cancel: CancellationFlag, firstStep: () -> Void
    ) -> ReplayOutcome {
        let seed = claim.header.workSeed(corpusRoot: environment.parameters.corpusRoot)
        let job = environment.job(claim.header, parent: parent, keptStepsBefore: claim.keptStepsBefore)
        var replay = takePaused(seed) ?? Replay(seed: seed, trajectory: begin(job, height: claim.header.height))
        defer { if paused?.seed != seed { spare = replay.trajectory } }
        for index in replay.losses.count..<claim.stepDigests.count {
            if cancel.isCancelled {
                paused = replay
                return .preempted
            }
            let claimed = claim.stepDigests[index]
            do throws(StepFault) {
                let step = try replay.trajectory.advance()
                guard step.digest == claimed else {
                    return confirm(claim, job: job, step: index + 1, claimed: claimed, found: step.digest, reason: "")
                }
                replay.losses.append(step.report.loss)
            } catch {
                guard error.isConsensus else { return .localFault(.environment("\(error)")) }
                return confirm(claim, job: job, step: index + 1, claimed: claimed, found: nil, reason: "\(error)")
            }
            if index == 0 { firstStep() }
        }
        return finish(replay.trajectory.weights, parent: parent, height: claim.header.height, losses: replay.losses)
    }

    private func takePaused(_ seed: Hash256) -> Replay? {
        guard let waiting = paused, waiting.seed == seed else { return nil }
        paused = nil
        return waiting
    }

    private func begin(_ job: TrajectoryJob, height: BlockHeight) -> Trajectory {
        let trainer = trainer.trainer(environment.stage(at: height))
        let trajectory = spare
        spare = nil
        guard let trajectory, trajectory.trainer === trainer, trajectory.weights.count == job.parent.count else {
            return Trajectory(job, trainer: trainer)
        }
        trajectory.restart(job)
        return trajectory
    }

    private func finish(_ weights: ModelState, parent: ModelState, height: BlockHeight, losses: [Double]) -> ReplayOutcome {
        do {
            return .valid(try ReplayResult(weights: weights, parent: parent, height: height, losses: losses, trainer: trainer))
        } catch {
            return .localFault(.environment("\(error)"))
        }
    }

    /// Mean held-out loss of the weights after the block at `height`.
    func heldOutLoss(_ weights: ModelState, after height: BlockHeight) throws -> Double {
        try trainer.heldOutLoss(weights, after: height)
    }

    /// Before a digest is called false: are the own weights those of the chain, and does the scalar reference say the same?
    private func confirm(
        _ claim: TrainingClaim, job: TrajectoryJob, step: Int, claimed: Hash256, found: Hash256?, reason: String
    ) -> ReplayOutcome {
        let root = job.parent.root(pool: pool)
        guard root == claim.header.modelRoot else { return .localFault(.weights(expected: claim.header.modelRoot, actual: root)) }
        let judged: Hash256?
        do {
            judged = try referenceDigest(job: job, height: claim.header.height, step: step)
        } catch {
            return .localFault(.environment("\(error)"))
        }
        guard judged == found else {
            return .localFault(.backend(name: environment.backend.name, step: step, reference: judged, accelerated: found))
        }
        guard let found else { return .endsTrajectory(step: step, reason: reason) }
        return .wrongDigest(step: step, expected: found, actual: claimed)
    }

    /// The digest that the scalar reference gives for one step, after the steps before it, whose digests agreed, are done
    /// as fast as possible. Nil when the step has no result.
    private func referenceDigest(job: TrajectoryJob, height: BlockHeight, step: Int) throws -> Hash256? {
        let stage = environment.stage(at: height)
        let trajectory = Trajectory(job, trainer: trainer.trainer(stage))
        let reference = Trainer(configuration: stage.configuration, backend: ReferenceBackend(), pool: pool)
        for _ in 1..<step { _ = try trajectory.advance() }
        let batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(step))
        do throws(StepFault) {
            _ = try reference.step(
                weights: trajectory.weights, momentum: trajectory.momentum, batch: batch,
                learningRateUnits: job.learningRateUnits[step - 1])
        } catch {
            guard error.isConsensus else { throw error }
            return nil
        }
        return MomentumDigest.digest(trajectory.momentum, pool: pool)
    }
}
