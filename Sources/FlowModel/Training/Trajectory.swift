public import FlowCrypto
internal import FlowTensor
import FlowTraining

/// Training from a parent's weights, step by step, with the digest chain: what a miner searches along and a verifier replays.
///
/// One trajectory object may serve many jobs one after another (`restart`), so that a miner's next nonce allocates nothing.
/// Steps run on the caller's thread and the trainer's pool; between two steps the caller may stop, and a step itself begins
/// with a check of the cancellation that was handed in.
///
/// <!-- given job: TrajectoryJob, trainer: Trainer, isBlock: (TrajectoryStep) -> Bool -->
/// ```swift
/// let trajectory = Trajectory(job, trainer: trainer)
/// while !trajectory.isFinished {
///     let step = try trajectory.advance()
///     if step.isTicket, isBlock(step) { break }
/// }
/// ```
public final class Trajectory {
    public private(set) var job: TrajectoryJob
    public let trainer: Trainer
    /// Wᵢ after i steps.
    public let weights: ModelState
    /// mᵢ after i steps.
    public let momentum: ModelState
    /// Steps taken, i.
    public private(set) var completedSteps = 0
    /// The fault that ended the trajectory, if one did.
    public private(set) var fault: StepFault?
    private var chain: DigestChain
    private let isCancelled: @Sendable () -> Bool

    /// - Parameters:
    ///   - job: the weights, the seed, the rates and the batches.
    ///   - trainer: must have the configuration of the job's parent.
    ///   - isCancelled: asked before each step; when it says true, `advance` throws ``StepFault/cancelled``.
    public init(_ job: TrajectoryJob, trainer: Trainer, isCancelled: @escaping @Sendable () -> Bool = { false }) {
        self.job = job
        self.trainer = trainer
        self.isCancelled = isCancelled
        weights = job.parent.copy()
        momentum = ModelState(zeros: job.parent.configuration)
        chain = DigestChain(modelRoot: job.modelRoot, workSeed: job.workSeed)
    }

    /// Begins another job, with the same memory.
    ///
    /// - Precondition: its parent has the shape of this trajectory's.
    public func restart(_ job: TrajectoryJob) {
        self.job = job
        weights.assign(from: job.parent)
        momentum.clear()
        chain = DigestChain(modelRoot: job.modelRoot, workSeed: job.workSeed)
        completedSteps = 0
        fault = nil
    }

    /// Takes the steps before the fault once more, from the parent's weights: a step that has no result leaves its traces in the weights.
    /// The trajectory stays ended.
    ///
    /// - Throws: ``StepFault``; one of an invalid step says that this machine does not compute the same twice.
    public func rewind() throws(StepFault) {
        let (steps, ended) = (completedSteps, fault)
        restart(job)
        while completedSteps < steps { _ = try advance() }
        fault = ended
    }

    /// True when no step is left, or a fault ended the trajectory.
    public var isFinished: Bool { completedSteps >= job.stepsPerBlock || fault != nil }

    /// δᵢ after i steps.
    public var deltaHash: Hash256 { chain.current }

    /// Takes the next step.
    ///
    /// - Throws: ``StepFault``. An invalid step ends the trajectory (``fault``); cancellation and an unreadable corpus do not.
    /// - Precondition: not ``isFinished``.
    public func advance() throws(StepFault) -> TrajectoryStep {
        precondition(!isFinished, "the trajectory has ended after \(completedSteps) steps")
        if isCancelled() { throw .cancelled }
        return try withCanonicalFloatingPoint { () throws(StepFault) in try takeStep() }
    }

    private func takeStep() throws(StepFault) -> TrajectoryStep {
        let index = completedSteps + 1
        let batch: TokenBatch
        do {
            batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(index))
        } catch {
            throw .corpus("\(error)")
        }
        let (report, digest): (StepReport, Hash256)
        do {
            (report, digest) = try trainer.digestedStep(
                weights: weights, momentum: momentum, batch: batch, learningRateUnits: job.learningRateUnits[index - 1])
        } catch {
            fault = error
            throw error
        }
        chain.append(digest)
        completedSteps = index
        return TrajectoryStep(
            index: index, digest: digest, deltaHash: chain.current, isTicket: index >= job.firstPayingStep, report: report)
    }
}
