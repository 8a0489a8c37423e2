public import FlowConsensus
public import FlowCrypto

/// What the wallet needs to see of the chain: the followed branch by height, and a way to hand in a transaction.
public protocol WalletChain: Sendable {
    /// The height of the followed tip.
    func tipHeight() async throws -> BlockHeight
    /// The block at a height of the followed branch; nil above the tip.
    func blockHash(at height: BlockHeight) async throws -> Hash256?
    /// A block of the followed branch or of one left behind; nil when its body is not stored.
    func block(_ hash: Hash256) async throws -> Block?
    /// Hands a transaction to the node's pool.
    func submit(_ transaction: Transaction) async throws
}
