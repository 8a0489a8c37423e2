import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor

/// Replays the training of blocks, one at a time; everything here blocks and belongs to one thread.
///
/// A replay judges one claim, and compares every digest with it, those of steps done before included. The trajectories that were
/// stopped, for a more urgent block or because a claim proved false, are kept as far as memory allows, so that the next claim
/// of the same seed goes on behind them.
final class ReplayEngine {
    let environment: TrainingEnvironment
    private var pool: ThreadPool { environment.pool }
    private let trainer: StageTrainer
    private let driver = TrajectoryDriver()
    private var paused: [Replay] = []
    private let checkpoint = Checkpoint()
    private var confidence = Confidence()
    /// Steps of claims that were trained so far, confirmations left out.
    private(set) var trainedSteps = 0
    /// Most bytes of weights and momentum of trajectories that wait; one may always.
    static let pausedBytes = 24 << 20

    private final class Replay {
        let seed: Hash256
        let trajectory: Trajectory
        var digests: [Hash256] = []
        var losses: [Double] = []
        /// Stopped for a more urgent one: its memory is not taken for that one.
        var isPreempted = false
        /// The step after those that were taken has no result.
        var end: String?

        init(seed: Hash256, trajectory: Trajectory) {
            self.seed = seed
            self.trajectory = trajectory
        }

        var known: KnownDigests.Trajectory { KnownDigests.Trajectory(digests: digests, end: end) }
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
    /// - Returns: the verdict, and what is now known of the trajectory
    func replay(
        _ claim: TrainingClaim, parent: ModelState, cancel: CancellationFlag, firstStep: () -> Void = {}
    ) -> (outcome: ReplayOutcome, known: KnownDigests.Trajectory) {
        let seed = environment.parameters.workSeed(of: claim.header)
        let limit = Int(environment.parameters.training(at: claim.header.height).stepsPerBlock)
        guard claim.stepDigests.count <= limit else {
            return (.endsTrajectory(step: limit + 1, reason: "more steps than a trajectory has"), .init())
        }
        let job = environment.job(claim.header, parent: parent, keptStepsBefore: claim.keptStepsBefore)
        let replay = take(seed, steps: claim.stepDigests.count) ?? begin(job, seed: seed, height: claim.header.height)
        let outcome = run(replay, claim, job: job, cancel: cancel, firstStep: firstStep)
        let known = replay.known
        if case .preempted = outcome { replay.isPreempted = true }
        // Also after a right one: its digests are public now, and whoever adds an invented one costs a step, not all of them.
        keep(replay)
        return (outcome, known)
    }

    private func run(
        _ replay: Replay, _ claim: TrainingClaim, job: TrajectoryJob, cancel: CancellationFlag, firstStep: () -> Void
    ) -> ReplayOutcome {
        let claimed = claim.stepDigests
        // Steps that were taken before are right; whether this claim says the same is another question.
        for (index, digest) in replay.digests.enumerated() where digest != claimed[index] {
            return .wrongDigest(step: index + 1, expected: digest, actual: claimed[index])
        }
        if !replay.digests.isEmpty { firstStep() }
        var isFalse = false
        let end: TrajectoryDriver.End
        do {
            guard replay.digests.count < claimed.count else { return finish(replay, job: job, height: claim.header.height) }
            end = try driver.run(
                replay.trajectory, isCancelled: { cancel.isCancelled },
                prepare: { if confidence.wantsConfirmation { checkpoint.take($0) } }
            ) { step in
                trainedSteps += 1
                replay.digests.append(step.digest)
                replay.losses.append(step.report.loss)
                isFalse = step.digest != claimed[step.index - 1]
                if step.index == 1, !isFalse { firstStep() }
                return !isFalse && step.index < claimed.count
            }
        } catch {
            return .localFault(.environment("\(error)"))
        }
        switch end {
        case .cancelled: return .preempted
        case .invalidStep(let reason):
            replay.end = reason
            if let fault = confirm(claim, job: job, step: replay.digests.count + 1, found: nil) { return disown(replay, fault) }
            return .endsTrajectory(step: replay.digests.count + 1, reason: reason)
        case .finished where !isFalse, .stopped where !isFalse: return finish(replay, job: job, height: claim.header.height)
        case .finished, .stopped:
            let step = replay.digests.count
            if let fault = confirm(claim, job: job, step: step, found: replay.digests[step - 1]) { return disown(replay, fault) }
            return .wrongDigest(step: step, expected: replay.digests[step - 1], actual: claimed[step - 1])
        }
    }

    private func finish(_ replay: Replay, job: TrajectoryJob, height: BlockHeight) -> ReplayOutcome {
        do {
            return .valid(
                try ReplayResult(
                    weights: replay.trajectory.weights, parent: job.parent, height: height, losses: replay.losses, trainer: trainer))
        } catch {
            return .localFault(.environment("\(error)"))
        }
    }

    /// What a machine computed that cannot be relied on is not remembered.
    private func disown(_ replay: Replay, _ fault: LocalFault) -> ReplayOutcome {
        replay.digests = []
        replay.losses = []
        replay.end = nil
        return .localFault(fault)
    }

    // MARK: trajectories that wait

    /// The trajectory of a seed that was stopped, unless it has gone beyond the steps that are asked for.
    private func take(_ seed: Hash256, steps: Int) -> Replay? {
        guard let index = paused.firstIndex(where: { $0.seed == seed && $0.digests.count <= steps }) else { return nil }
        let replay = paused.remove(at: index)
        replay.isPreempted = false
        return replay
    }

    private func keep(_ replay: Replay) {
        // After a step without a result the weights hold a part of it.
        guard !replay.digests.isEmpty, replay.trajectory.fault == nil else { return driver.reuse(replay.trajectory) }
        paused.removeAll { $0.seed == replay.seed && $0.digests.count <= replay.digests.count }
        paused.append(replay)
        let room = Self.pausedBytes / max(1, replay.trajectory.weights.count * 8)
        while paused.count > max(1, room) { driver.reuse(paused.removeFirst().trajectory) }
    }

    private func begin(_ job: TrajectoryJob, seed: Hash256, height: BlockHeight) -> Replay {
        let trainer = trainer.trainer(environment.stage(at: height))
        // Memory of a model that is no longer trained goes before new memory is taken.
        paused.removeAll { $0.trajectory.trainer !== trainer }
        // A model too large for a second trajectory is trained in the memory of the last one.
        if let last = paused.last, !last.isPreempted, last.trajectory.weights.count * 8 > Self.pausedBytes {
            driver.reuse(paused.removeLast().trajectory)
        }
        return Replay(seed: seed, trajectory: driver.begin(job, trainer: trainer))
    }

    /// Mean held-out loss of the weights after the block at `height`.
    func heldOutLoss(_ weights: ModelState, after height: BlockHeight) throws -> Double {
        try trainer.heldOutLoss(weights, after: height)
    }

    // MARK: confirming

    /// Before a digest is called false: are the own weights those of the chain, and do the portable kernels say the same of this
    /// one step? Asked now and then only, while the answer has been yes: a lie must not cost more than a step.
    /// - Parameter found: the digest that the backend gave; nil when it said that the step has no result
    /// - Returns: what is wrong with this machine; nil when nothing is, or it was confirmed lately
    private func confirm(_ claim: TrainingClaim, job: TrajectoryJob, step: Int, found: Hash256?) -> LocalFault? {
        guard confidence.wantsConfirmation else {
            confidence.relied()
            return nil
        }
        let fault = disagreement(claim, job: job, step: step, found: found)
        confidence.confirmed(fault == nil)
        return fault
    }

    private func disagreement(_ claim: TrainingClaim, job: TrajectoryJob, step: Int, found: Hash256?) -> LocalFault? {
        let root = job.parent.root(pool: pool)
        guard root == claim.header.modelRoot else { return .weights(expected: claim.header.modelRoot, actual: root) }
        let judged: Hash256?
        do {
            judged = try portableDigest(job: job, height: claim.header.height, step: step)
        } catch {
            return .environment("\(error)")
        }
        guard judged != found else { return nil }
        return .backend(name: environment.backend.name, step: step, portable: judged, accelerated: found)
    }

    /// The digest that the portable kernels give for one step from the state before it; nil when the step has no result.
    private func portableDigest(job: TrajectoryJob, height: BlockHeight, step: Int) throws -> Hash256? {
        let stage = environment.stage(at: height)
        let before: (weights: ModelState, momentum: ModelState)
        if let taken = checkpoint.state(before: step, seed: job.workSeed) {
            before = taken
        } else {
            // A model too large to be copied before each step: the steps before are taken once more.
            let trajectory = Trajectory(job, trainer: trainer.trainer(stage))
            for _ in 1..<max(1, step) { _ = try trajectory.advance() }
            before = (trajectory.weights, trajectory.momentum)
        }
        let portable = Trainer(configuration: stage.configuration, backend: environment.portableBackend, pool: pool)
        let batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(step))
        do throws(StepFault) {
            return try portable.digestedStep(
                weights: before.weights, momentum: before.momentum, batch: batch, learningRateUnits: job.learningRateUnits[step - 1]
            ).digest
        } catch {
            guard error.isConsensus else { throw error }
            return nil
        }
    }
}

/// Weights and momentum as they were before the step that is being taken, of models small enough that the copy costs little.
private final class Checkpoint {
    static let limit = 256 << 20
    private var weights: ModelState?
    private var momentum: ModelState?
    private var step = 0
    private var seed = Hash256.zero

    func take(_ trajectory: Trajectory) {
        guard trajectory.weights.count * 8 <= Self.limit else {
            (weights, momentum) = (nil, nil)
            return
        }
        if let weights, let momentum, weights.configuration == trajectory.weights.configuration {
            weights.assign(from: trajectory.weights)
            momentum.assign(from: trajectory.momentum)
        } else {
            (weights, momentum) = (trajectory.weights.copy(), trajectory.momentum.copy())
        }
        step = trajectory.completedSteps + 1
        seed = trajectory.job.workSeed
    }

    /// The state before a step, which the caller may change; nil unless it was taken.
    func state(before step: Int, seed: Hash256) -> (weights: ModelState, momentum: ModelState)? {
        guard let weights, let momentum, self.step == step, self.seed == seed else { return nil }
        self.step = 0
        return (weights, momentum)
    }
}

/// How far this machine's arithmetic is relied on. A false digest is confirmed by other kernels at first, then every
/// sixteenth time; after a disagreement each one, until one was confirmed again.
struct Confidence: Sendable, Equatable {
    /// Digests called false without a second opinion, between two with one.
    static let reliance = 15
    private var left = 0

    var wantsConfirmation: Bool { left == 0 }
    mutating func relied() { left = max(0, left - 1) }
    mutating func confirmed(_ agrees: Bool) { left = agrees ? Self.reliance : 0 }
}
