public import FlowCrypto

/// What a replay found.
public enum TrainingVerdict: Hashable, Sendable {
    /// All digests are right. The root of the weights after the last step, grown where the next height calls for it, where the verifier computed it.
    case valid(resultRoot: Hash256?)
    /// The digest of a step (from 1) is not what the training yields: the block is invalid for ever.
    case invalid(step: Int, expected: Hash256, actual: Hash256)
    /// A step (from 1) has no result, for a value is not finite or out of the quantiser's range, so it is no ticket: the
    /// block is invalid for ever.
    case endsTrajectory(step: Int, reason: String)
    /// The verifier could not decide: the parent's weights are missing, the own root differs, an accelerator disagrees.
    /// Nobody is to blame.
    case unreplayable(reason: String)
}
