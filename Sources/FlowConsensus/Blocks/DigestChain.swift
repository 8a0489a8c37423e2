public import FlowCrypto

/// The chain that binds the digests of the training steps to the header.
///
/// δ₀ = keccak256("flowcoin/trajectory" ‖ modelRoot ‖ workSeed); δᵢ = keccak256(δᵢ₋₁ ‖ digest of step i).
public enum DigestChain {
    static let tag = Array("flowcoin/trajectory".utf8)

    /// δ₀.
    public static func start(modelRoot: Hash256, workSeed: Hash256) -> Hash256 {
        Keccak256.hash(tag + modelRoot.bytes + workSeed.bytes)
    }

    /// The link after `delta`.
    public static func link(_ delta: Hash256, stepDigest: Hash256) -> Hash256 {
        Keccak256.hash(delta.bytes + stepDigest.bytes)
    }

    /// The last link over all digests: what the header's `deltaHash` must be.
    public static func end(modelRoot: Hash256, workSeed: Hash256, stepDigests: [Hash256]) -> Hash256 {
        stepDigests.reduce(start(modelRoot: modelRoot, workSeed: workSeed)) { link($0, stepDigest: $1) }
    }
}
