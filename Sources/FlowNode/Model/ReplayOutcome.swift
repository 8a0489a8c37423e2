import FlowConsensus
import FlowCrypto

/// What a replay found.
enum ReplayOutcome: Sendable {
    case valid(ReplayResult)
    /// The digest of `step` (from 1) is not what the training yields.
    case wrongDigest(step: Int, expected: Hash256, actual: Hash256)
    /// `step` has no result, so it is no ticket.
    case endsTrajectory(step: Int, reason: String)
    /// Stopped for a more urgent replay; it can be taken up again.
    case preempted
    /// This machine cannot judge.
    case localFault(LocalFault)
}

/// What a replay found, what is now known of its trajectory, and what proved wrong with this machine on the way.
struct ReplayFinding: Sendable {
    var outcome: ReplayOutcome
    var known: KnownDigests.Trajectory
    var alarm: LocalFault?
    /// Other kernels repeated a step of this replay and agreed.
    var isConfirmed = false
    /// Steps that were trained for it; those that the portable kernels repeated are left out.
    var steps = 0
}
