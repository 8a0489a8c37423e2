public import FlowCrypto

/// What one step of a trajectory adds to its digest chain.
public struct TrajectoryStep: Sendable, Equatable {
    /// i, from 1.
    public let index: Int
    /// digest(m_i), which stands in the block's body.
    public let digest: Hash256
    /// δ_i, the header's deltaHash if the block ends here.
    public let deltaHash: Hash256
    /// True from k0 on: the header with this step may be compared with the target.
    public let isTicket: Bool
    /// What the step measured; not consensus.
    public let report: StepReport
}
