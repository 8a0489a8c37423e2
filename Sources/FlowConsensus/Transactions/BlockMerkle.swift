public import FlowCrypto

/// The tree over a block's transactions. Leaves and inner nodes are hashed under different first bytes and a lone node is
/// promoted, so no two lists have the same root (CVE-2012-2459, CVE-2017-12842).
public enum BlockMerkle {
    /// keccak256d(0x00 ‖ txid ‖ witnessHash).
    public static func leaf(txid: Hash256, witnessHash: Hash256) -> Hash256 {
        Keccak256.doubleHash([0] + txid.bytes + witnessHash.bytes)
    }

    /// keccak256d(0x01 ‖ left ‖ right).
    public static func inner(_ left: Hash256, _ right: Hash256) -> Hash256 {
        Keccak256.doubleHash([1] + left.bytes + right.bytes)
    }

    /// The root over leaves; 32 zero bytes for none.
    public static func root(leaves: [Hash256]) -> Hash256 {
        Merkle.root(leaves, inner: inner)
    }

    /// The root over a block's transactions.
    public static func root(_ transactions: [Transaction]) -> Hash256 {
        root(leaves: transactions.map(\.merkleLeaf))
    }
}
