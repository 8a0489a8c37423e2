public import FlowCrypto

/// The chain of hashes that ties the digests of a trajectory's steps to the block's header (Training.md).
///
/// δ₀ = keccak256("flowcoin/trajectory" ‖ modelRoot ‖ workSeed); δᵢ = keccak256(δᵢ₋₁ ‖ digest of step i).
public struct DigestChain: Hashable, Sendable {
    private static let tag = Array("flowcoin/trajectory".utf8)

    /// δ of the last digest appended, δ₀ before the first.
    public private(set) var current: Hash256

    /// δ₀.
    public init(modelRoot: Hash256, workSeed: Hash256) {
        current = Keccak256.hash(Self.tag + modelRoot.bytes + workSeed.bytes)
    }

    /// Goes on to the next link.
    public mutating func append(_ stepDigest: Hash256) {
        current = Keccak256.hash(current.bytes + stepDigest.bytes)
    }

    /// The last link over all digests: what the header's `deltaHash` must be.
    public static func end(modelRoot: Hash256, workSeed: Hash256, stepDigests: [Hash256]) -> Hash256 {
        var chain = DigestChain(modelRoot: modelRoot, workSeed: workSeed)
        for digest in stepDigests { chain.append(digest) }
        return chain.current
    }
}
