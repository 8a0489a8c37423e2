public import FlowConsensus
public import FlowCrypto

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
