public import FlowConsensus
public import FlowCrypto

/// What the wallet needs to see of the chain: the followed branch by height, what waits for a block, and a way to hand in a transaction.
public protocol WalletChain: Sendable {
    /// The followed tip.
    func tip() async throws -> (hash: Hash256, height: BlockHeight)
    /// The block at a height of the followed branch; nil above the tip.
    func blockHash(at height: BlockHeight) async throws -> Hash256?
    /// Blocks of the followed branch from a height on, in order, at most `limit`; none above the tip.
    func blocks(from height: BlockHeight, limit: Int) async throws -> [Block]
    /// A block by its hash, of any branch; nil where the node does not have it.
    func block(_ hash: Hash256) async throws -> Block?
    /// How the node's pool has changed since it had `sequence`; all of it for nil, or where that is too long ago.
    func pool(since sequence: UInt64?) async throws -> WalletPoolChanges
    /// Hands a transaction to the node's pool.
    /// - Throws: ``WalletError/refused(_:)`` when it is not taken; none when it waits there already.
    func submit(_ transaction: Transaction) async throws
}
