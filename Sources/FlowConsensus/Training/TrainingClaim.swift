public import FlowCrypto

/// What a block says about its training, and all that a replay needs besides weights and corpus.
public struct TrainingClaim: Hashable, Sendable {
    public let header: BlockHeader
    /// The hash of the block whose result is the starting point.
    public let parentHash: Hash256
    /// The digest of each step, the first step first.
    public let stepDigests: [Hash256]

    public init(header: BlockHeader, parentHash: Hash256, stepDigests: [Hash256]) {
        self.header = header
        self.parentHash = parentHash
        self.stepDigests = stepDigests
    }
}
