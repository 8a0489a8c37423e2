import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor

/// Replays the training of blocks, one at a time; everything here blocks and belongs to one thread.
///
/// A replay judges one claim, and compares every digest with it, those of steps done before included; once they proved right it goes on to
/// the trajectory's end, whose weights are the block's result. The trajectories that were
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
    /// Roots of weights that were computed lately, with the weights' checksums: what a replay starts from is compared with its root once, and from then
    /// on with the checksum, which costs a lie next to nothing.
    private var checksums: [(root: Hash256, sum: UInt64)] = []
    private static let keptChecksums = 8
    /// The corpus proved damaged or unreadable, so it is opened again before the next replay.
    private var corpusFailed = false
    private var validReplays = 0
    private var isConfirmed = false
    /// One of so many right blocks has one of its steps repeated by the portable kernels.
    private let crossCheckInterval: Int
    private(set) var crossChecks = 0
    /// Steps of claims that were trained so far, confirmations left out.
    private(set) var trainedSteps = 0
    /// Most bytes of weights and momentum of trajectories that wait; one may always.
    static let pausedBytes = 24 << 20

    private final class Replay {
        let seed: Hash256
        let trajectory: Trajectory
        var digests: [Hash256] = []
        var losses: [Double] = []
        var zeroRowShare = 0.0
        /// Stopped for a more urgent one: its memory is not taken for that one.
        var isPreempted = false
        /// The step after those that were taken has no result.
        var end: String?

        init(seed: Hash256, trajectory: Trajectory) {
            self.seed = seed
            self.trajectory = trajectory
        }

        /// Nothing that it holds is relied on any more.
        func forget() {
            digests = []
            losses = []
            end = nil
        }

        var known: KnownDigests.Trajectory { KnownDigests.Trajectory(digests: digests, end: end) }
    }

    init(environment: TrainingEnvironment, crossCheckInterval: Int = 100) {
        self.environment = environment
        self.crossCheckInterval = max(1, crossCheckInterval)
        trainer = StageTrainer(environment: environment)
    }

    /// Replays a claim from its parent's weights.
    /// - Parameters:
    ///   - parent: the weights that the block starts from
    ///   - confirms: calls nothing false, now, that other kernels do not call false
    ///   - checksText: the digests were computed on this machine, so that they agree says nothing of the text that both read
    ///   - cancel: looked at between steps
    ///   - firstStep: called once the first digest proved right
    /// - Returns: the verdict, and what is now known of the trajectory
    func replay(
        _ claim: TrainingClaim, parent: ModelState, confirms: Bool = false, checksText: Bool = false, cancel: CancellationFlag,
        firstStep: () -> Void = {}
    ) -> ReplayFinding {
        isConfirmed = false
        let before = trainedSteps
        let seed = environment.parameters.workSeed(of: claim.header)
        let limit = Int(environment.parameters.training(at: claim.header.height).stepsPerBlock)
        guard claim.stepDigests.count <= limit else {
            return ReplayFinding(outcome: .endsTrajectory(step: limit + 1, reason: "more steps than a trajectory has"), known: .init())
        }
        let job = environment.job(claim.header, parent: parent)
        if confirms {
            confidence = Confidence()
            paused.removeAll { $0.seed == seed }
        }
        if corpusFailed {
            // Files that were put back have another time of change. Where it still fails, the replay says so.
            try? environment.stage(at: claim.header.height).corpus.reopen()
            corpusFailed = false
        }
        var (finding, isDoubtful) = attempt(claim, job: job, checksText: checksText, cancel: cancel, firstStep: firstStep)
        if isDoubtful, !environment.trust.isDistrusted {
            // What the backend computed is worth nothing; the portable kernels take its place.
            let alarm = finding.alarm
            environment.trust.distrust()
            paused.removeAll()
            confidence = Confidence()
            finding = attempt(claim, job: job, checksText: checksText, cancel: cancel, firstStep: firstStep).finding
            finding.alarm = alarm
        }
        finding.isConfirmed = isConfirmed
        finding.steps = trainedSteps - before
        return finding
    }

    /// - Returns: what a replay found, and whether the portable kernels contradict it
    private func attempt(
        _ claim: TrainingClaim, job: TrajectoryJob, checksText: Bool, cancel: CancellationFlag, firstStep: () -> Void
    ) -> (finding: ReplayFinding, isDoubtful: Bool) {
        // Also weights that no step touches end in the result.
        if let fault = check(job.parent, root: claim.header.modelRoot) {
            return (ReplayFinding(outcome: .localFault(fault), known: .init(), alarm: fault), false)
        }
        let replay = take(job.workSeed) ?? begin(job, seed: job.workSeed, height: claim.header.height)
        let outcome = run(replay, claim, job: job, checksText: checksText, cancel: cancel, firstStep: firstStep)
        var alarm: LocalFault?
        var isDoubtful = false
        let known = replay.known
        switch outcome {
        case .preempted: replay.isPreempted = true
        case .localFault(let fault):
            if case .corpus = fault { corpusFailed = true }
            if case .backend = fault { isDoubtful = true }
            alarm = fault
            replay.forget()
        case .valid:
            validReplays += 1
            // The first right block of a process shows that its arithmetic can be relied on, before anybody lies to it.
            let isFirst = validReplays == 1
            if isFirst || validReplays % crossCheckInterval == 0 {
                alarm = crossCheck(replay, job: job, height: claim.header.height, step: isFirst ? 1 : nil)
                confirmed(alarm == nil)
                // Nobody else vouches for a step behind the ticket, or for digests of this machine.
                if case .backend(_, let step, _, _)? = alarm { isDoubtful = checksText || step > claim.stepDigests.count }
                replay.forget()
            }
        default: break
        }
        // Also after a right one: its digests are public now, and whoever adds an invented one costs a step, not all of them.
        keep(replay)
        if case .localFault = outcome { return (ReplayFinding(outcome: outcome, known: .init(), alarm: alarm), isDoubtful) }
        return (ReplayFinding(outcome: outcome, known: known, alarm: alarm), isDoubtful)
    }

    private func run(
        _ replay: Replay, _ claim: TrainingClaim, job: TrajectoryJob, checksText: Bool, cancel: CancellationFlag, firstStep: () -> Void
    ) -> ReplayOutcome {
        let claimed = claim.stepDigests
        // Steps that were taken before are right; whether this claim says the same is another question.
        for (index, (digest, actual)) in zip(replay.digests, claimed).enumerated() where digest != actual {
            return .wrongDigest(step: index + 1, expected: digest, actual: actual)
        }
        // Of steps that no other machine's digest covers the text has to be right; also of those that were taken before a pause.
        let covered = checksText ? 0 : claimed.count
        do {
            try job.sampler.checkPieces(workSeed: job.workSeed, steps: replay.digests.indices.dropFirst(covered).lazy.map { UInt32($0 + 1) })
        } catch {
            return .localFault(LocalFault(error))
        }
        if !replay.digests.isEmpty { firstStep() }
        var isFalse = false
        let end: TrajectoryDriver.End
        do {
            end = try driver.run(
                replay.trajectory, isCancelled: { cancel.isCancelled },
                prepare: { if confidence.wantsConfirmation { checkpoint.take($0) } }
            ) { step in
                trainedSteps += 1
                replay.digests.append(step.digest)
                replay.losses.append(step.report.loss)
                replay.zeroRowShare = step.report.zeroRowShare
                if step.index > covered { try job.sampler.checkPieces(workSeed: job.workSeed, step: UInt32(step.index)) }
                guard step.index <= claimed.count else { return true }
                isFalse = step.digest != claimed[step.index - 1]
                if step.index == 1, !isFalse { firstStep() }
                return !isFalse
            }
        } catch {
            return .localFault(LocalFault(error))
        }
        switch end {
        case .cancelled: return .preempted
        case .invalidStep(let reason):
            replay.end = reason
            guard replay.digests.count < claimed.count else {
                // All that is claimed is right, and the result is what the steps before this one left.
                do { try replay.trajectory.rewind() } catch { return .localFault(LocalFault(error)) }
                return finish(replay, job: job, height: claim.header.height)
            }
            if let fault = doubt(claim, job: job, step: replay.digests.count + 1, found: nil) { return .localFault(fault) }
            return .endsTrajectory(step: replay.digests.count + 1, reason: reason)
        case .finished where !isFalse: return finish(replay, job: job, height: claim.header.height)
        case .finished, .stopped:
            let step = replay.digests.count
            if let fault = doubt(claim, job: job, step: step, found: replay.digests[step - 1]) { return .localFault(fault) }
            return .wrongDigest(step: step, expected: replay.digests[step - 1], actual: claimed[step - 1])
        }
    }

    private func finish(_ replay: Replay, job: TrajectoryJob, height: BlockHeight) -> ReplayOutcome {
        do {
            let result = try ReplayResult(
                weights: replay.trajectory.weights, parent: job.parent, height: height, losses: replay.losses, zeroRowShare: replay.zeroRowShare, trainer: trainer)
            note(result.root, result.checksum)
            return .valid(result)
        } catch {
            return .localFault(LocalFault(error))
        }
    }

    // MARK: starting weights

    /// - Returns: what is wrong with the weights that a block starts from; nil when nothing is
    private func check(_ parent: ModelState, root: Hash256) -> LocalFault? {
        let sum = parent.checksum(pool: pool)
        if checksums.contains(where: { $0 == (root, sum) }) { return nil }
        if let fault = compare(parent, root) { return fault }
        note(root, sum)
        return nil
    }

    private func compare(_ parent: ModelState, _ root: Hash256) -> LocalFault? {
        let actual = parent.root(pool: pool)
        return actual == root ? nil : .weights(expected: root, actual: actual)
    }

    private func note(_ root: Hash256, _ sum: UInt64) {
        checksums.removeAll { $0.root == root }
        checksums = checksums.suffix(Self.keptChecksums - 1) + [(root, sum)]
    }

    // MARK: trajectories that wait

    /// The trajectory of a seed that was stopped.
    private func take(_ seed: Hash256) -> Replay? {
        guard let index = paused.firstIndex(where: { $0.seed == seed }) else { return nil }
        let replay = paused.remove(at: index)
        replay.isPreempted = false
        return replay
    }

    private func keep(_ replay: Replay) {
        // A single step is not worth its memory, unless a more urgent replay came in between: who lies about the first step costs no more than that.
        guard replay.digests.count > (replay.isPreempted ? 0 : 1), replay.end == nil else { return driver.reuse(replay.trajectory) }
        paused.removeAll { $0.seed == replay.seed }
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

    /// Before a digest is called false: is the text of this step what the chain agreed on, and are the own starting weights, and do the portable
    /// kernels say the same? The latter two are asked now and then only, while the answer has been yes: a lie must not cost more than a step.
    /// - Parameter found: the digest that the backend gave; nil when it said that the step has no result
    /// - Returns: what is wrong with this machine; nil when nothing is, or it was confirmed lately
    private func doubt(_ claim: TrainingClaim, job: TrajectoryJob, step: Int, found: Hash256?) -> LocalFault? {
        do { try job.sampler.checkPieces(workSeed: job.workSeed, step: UInt32(step)) } catch { return LocalFault(error) }
        guard confidence.wantsConfirmation else {
            confidence.relied()
            return nil
        }
        let fault = compare(job.parent, claim.header.modelRoot) ?? disagreement(job: job, height: claim.header.height, step: step, found: found)
        confirmed(fault == nil)
        return fault
    }

    private func confirmed(_ agrees: Bool) {
        confidence.confirmed(agrees)
        isConfirmed = agrees
    }

    private func disagreement(job: TrajectoryJob, height: BlockHeight, step: Int, found: Hash256?) -> LocalFault? {
        let judged: Hash256?
        do { judged = try portableDigest(job: job, height: height, step: step) } catch { return LocalFault(error) }
        guard judged != found else { return nil }
        return .backend(name: environment.backend.name, step: step, portable: judged, accelerated: found)
    }

    /// Repeats one step of a right block on the portable kernels, in the memory of its trajectory: never a verdict by itself.
    /// - Parameter step: which one; nil for one that the work seed names
    private func crossCheck(_ replay: Replay, job: TrajectoryJob, height: BlockHeight, step: Int?) -> LocalFault? {
        guard !replay.digests.isEmpty else { return nil }
        crossChecks += 1
        let step = step ?? 1 + Int(job.workSeed.bytes[0]) % replay.digests.count
        let trajectory = replay.trajectory
        do {
            trajectory.restart(job)
            while trajectory.completedSteps < step - 1 { _ = try trajectory.advance() }
            let judged = try portableStep(job: job, height: height, step: step, weights: trajectory.weights, momentum: trajectory.momentum)
            guard judged != replay.digests[step - 1] else { return nil }
            return .backend(name: environment.backend.name, step: step, portable: judged, accelerated: replay.digests[step - 1])
        } catch {
            return LocalFault(error)
        }
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
        return try portableStep(job: job, height: height, step: step, weights: before.weights, momentum: before.momentum)
    }

    /// Takes one step of a job on the portable kernels; changes the state that it is given. nil when the step has no result.
    private func portableStep(job: TrajectoryJob, height: BlockHeight, step: Int, weights: ModelState, momentum: ModelState) throws -> Hash256? {
        let portable = Trainer(configuration: environment.stage(at: height).configuration, backend: environment.trust.portable, pool: pool)
        let batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(step))
        do throws(StepFault) {
            return try portable.digestedStep(
                weights: weights, momentum: momentum, batch: batch, learningRateUnits: job.learningRateUnits[step - 1]
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

/// How far this machine's arithmetic is relied on. A false digest is confirmed by other kernels while none of this process's steps was, then every
/// sixteenth time; after a disagreement each one, until one was confirmed again.
struct Confidence: Sendable, Equatable {
    /// Digests called false without a second opinion, between two with one.
    static let reliance = 15
    private var left = 0

    var wantsConfirmation: Bool { left == 0 }
    mutating func relied() { left = max(0, left - 1) }
    mutating func confirmed(_ agrees: Bool) { left = agrees ? Self.reliance : 0 }
}
