/// Runs trajectories for whoever needs them: a miner that searches along them, a node that replays a block, a conformance run.
/// The memory of one that has ended serves the next.
///
/// <!-- given job: TrajectoryJob, trainer: Trainer, stale: Task<Void, Never>, isBlock: (TrajectoryStep) -> Bool -->
/// ```swift
/// let driver = TrajectoryDriver()
/// let trajectory = driver.begin(job, trainer: trainer)
/// let end = try driver.run(trajectory, isCancelled: { stale.isCancelled }) { step in !isBlock(step) }
/// ```
public final class TrajectoryDriver {
    /// Why a run ended.
    public enum End: Sendable, Equatable {
        /// The caller had seen enough.
        case stopped
        /// All steps are taken.
        case finished
        /// `isCancelled` said so; the trajectory can be run on.
        case cancelled
        /// The step after those taken has no result (Arithmetic.md), so the trajectory draws no more tickets.
        case invalidStep(reason: String)
    }

    private var spare: Trajectory?

    public init() {}

    /// Begins a job, in the memory of a trajectory that has ended where that fits.
    ///
    /// - Parameter trainer: must have the configuration of the job's parent.
    public func begin(_ job: TrajectoryJob, trainer: Trainer) -> Trajectory {
        guard let spare, spare.trainer === trainer, spare.weights.count == job.parent.count else {
            self.spare = nil
            return Trajectory(job, trainer: trainer)
        }
        self.spare = nil
        spare.restart(job)
        return spare
    }

    /// Takes the memory of a trajectory that nobody needs any more.
    public func reuse(_ trajectory: Trajectory) { spare = trajectory }

    /// Takes steps until the caller stops, the trajectory ends, or it is cancelled between two steps.
    ///
    /// - Parameters:
    ///   - prepare: called before each step.
    ///   - body: sees each step; false stops.
    /// - Throws: a ``StepFault`` that says nothing about the trajectory (a corpus that cannot be read, a backend that fails), or what `body` throws.
    public func run(
        _ trajectory: Trajectory, isCancelled: () -> Bool = { false }, prepare: (Trajectory) -> Void = { _ in },
        body: (TrajectoryStep) throws -> Bool
    ) throws -> End {
        while !trajectory.isFinished {
            if isCancelled() { return .cancelled }
            prepare(trajectory)
            let step: TrajectoryStep
            do throws(StepFault) { step = try trajectory.advance() } catch {
                guard error.isConsensus else { throw error }
                return .invalidStep(reason: "\(error)")
            }
            guard try body(step) else { return .stopped }
        }
        return .finished
    }
}
