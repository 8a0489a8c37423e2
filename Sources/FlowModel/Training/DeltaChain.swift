public import FlowCrypto

/// The chain of hashes that ties a trajectory's momenta to its header (Training.md).
public struct DeltaChain: Sendable, Equatable {
    private static let tag = Array("flowcoin/trajectory".utf8)

    /// δ of the last step taken, δ₀ before the first.
    public private(set) var current: Hash256

    /// `δ₀ = keccak256("flowcoin/trajectory" ‖ modelRoot ‖ workSeed)`.
    public init(modelRoot: Hash256, workSeed: Hash256) {
        current = Keccak256.hash(Self.tag + modelRoot.bytes + workSeed.bytes)
    }

    /// `δ_i = keccak256(δ_{i−1} ‖ digest)`.
    public mutating func append(_ digest: Hash256) {
        current = Keccak256.hash(current.bytes + digest.bytes)
    }
}
