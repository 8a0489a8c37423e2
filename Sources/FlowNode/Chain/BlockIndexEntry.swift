public import FlowConsensus
public import FlowCrypto

/// What the node says of one block, short of its body.
public struct BlockIndexEntry: Sendable {
    public let hash: Hash256
    public let header: BlockHeader
    /// Claimed work of the chain up to and including this block. It counts only once the block is replayed; zero for an invalid one.
    let chainWork: ChainWork
    /// Root of the weights after this block's training, grown where the next height calls for it; nil until the training was replayed.
    public let resultRoot: Hash256?
    /// Mean held-out loss of those weights in nats a token; nil until replayed.
    public let heldOutLoss: Double?
    /// Mean loss of the block's training steps in nats a token; nil until replayed.
    public let trainingLoss: Double?
    /// Identifier and text of the rule that the block breaks; nil for a block that is not known to break one.
    public let violation: String?
    /// Number of transactions, 0 until it was replayed.
    let transactionCount: UInt32
    /// Bytes of the whole block, 0 until it was replayed.
    public let size: UInt32
    /// Whether it is part of the tip's chain.
    public let isConnected: Bool

    public var height: BlockHeight { header.height }
    public var isReplayed: Bool { resultRoot != nil }

    init(_ block: BlockTree.Block, facts: BlockFacts?) {
        hash = block.hash
        header = block.header
        chainWork = block.work
        resultRoot = block.resultRoot
        heldOutLoss = facts?.heldOutLoss
        trainingLoss = facts?.trainingLoss
        violation = nil
        transactionCount = facts?.transactionCount ?? 0
        size = facts?.size ?? 0
        isConnected = block.isConnected
    }

    init(_ condemned: BlockTree.Condemned, hash: Hash256) {
        self.hash = hash
        header = condemned.header
        chainWork = .zero
        resultRoot = nil
        heldOutLoss = nil
        trainingLoss = nil
        violation = condemned.reason
        transactionCount = 0
        size = 0
        isConnected = false
    }
}
