/// Bounds that hold on every network.
public enum ConsensusLimits {
    /// The most that a block may cost: its bytes and `outputCost` for each output.
    public static let blockCost = 4_000_000
    /// What an output costs beside its bytes: about what the coin set keeps of it until it is spent.
    public static let outputCost = 64
    /// The largest encoding of a block, in bytes, which are a part of the cost.
    public static let blockSize = blockCost
    /// The most signatures that a block may have checked. All together take less time than one training step of testnet's model.
    public static let signatureChecks = 3_000
    /// The most items of a witness.
    static let witnessItems = 16
    /// The largest encoding of a witness, in bytes: enough for the largest signatures that anybody proposes.
    static let witnessSize = 65_536
    /// The most data in a coinbase, in bytes.
    public static let coinbaseData = 100
    /// An encoding without witnesses of this length is invalid, for it could pass for an inner node of a Merkle tree.
    static let forbiddenStrippedSize = 64
    /// At most so many blocks fit into one block interval on a network that retargets.
    static let blocksPerInterval: UInt32 = 10
    /// A coinbase's outputs can be spent in blocks at least this many above it.
    public static let coinbaseMaturity: UInt32 = 100
}
