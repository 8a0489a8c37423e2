/// Bounds that hold on every network.
public enum ConsensusLimits {
    /// The largest encoding of a block, in bytes.
    public static let blockSize = 4_000_000
    /// The most data in a coinbase, in bytes.
    public static let coinbaseData = 100
    /// An encoding without witnesses of this length is invalid, for it could pass for an inner node of a Merkle tree.
    public static let forbiddenStrippedSize = 64
    /// A coinbase's outputs can be spent in blocks at least this many above it.
    public static let coinbaseMaturity: UInt32 = 100
    /// Branches that fork deeper than this many blocks are not replayed by themselves.
    public static let automaticReplayDepth: UInt32 = 100
}
