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
    /// How the node's pool has changed since it had `sequence`; all of it for nil, or where that is too long ago.
    func pool(since sequence: UInt64?) async throws -> WalletPoolChanges
    /// Hands a transaction to the node's pool.
    /// - Throws: ``WalletError/refused(_:)`` when it is not taken; none when it waits there already.
    func submit(_ transaction: Transaction) async throws
}

/// What came to and left a node's pool of waiting transactions.
public struct WalletPoolChanges: Sendable {
    public struct Arrival: Sendable {
        public let transaction: Transaction
        public let txid: Hash256
        /// When it came, in seconds since 1970.
        public let time: UInt64

        public init(transaction: Transaction, txid: Hash256, time: UInt64) {
            self.transaction = transaction
            self.txid = txid
            self.time = time
        }
    }

    /// Names the pool's state after these changes.
    public let sequence: UInt64
    /// The arrivals are all that the pool holds.
    public let isWhole: Bool
    public let arrived: [Arrival]
    public let left: [Hash256]

    public init(sequence: UInt64, isWhole: Bool, arrived: [Arrival], left: [Hash256]) {
        self.sequence = sequence
        self.isWhole = isWhole
        self.arrived = arrived
        self.left = left
    }
}
