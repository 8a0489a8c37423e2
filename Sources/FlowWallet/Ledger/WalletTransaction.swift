public import FlowConsensus
public import FlowCrypto

/// A transaction that pays to the wallet or spends from it.
public struct WalletTransaction: Sendable {
    public enum State: Sendable, Equatable {
        /// In a block of the followed branch.
        case confirmed(WalletBlock)
        /// Waits for a block.
        case pending
        /// Cannot be confirmed on the followed branch: its coins are spent otherwise, or not there.
        case conflicted
        /// The owner gave it up; its coins are free again.
        case abandoned
    }

    /// An output that pays to the wallet.
    public struct Receipt: Sendable, Equatable {
        public let index: UInt32
        public let holder: WalletHolder
    }

    /// What the transaction moves for one kind of holder.
    public struct Sums: Sendable, Equatable {
        /// The sum of its outputs that pay to the wallet.
        public var received = Amount.zero
        /// The sum of the wallet's coins that it spends.
        public var spent = Amount.zero
    }

    public let transaction: Transaction
    public let txid: Hash256
    public let state: State
    /// Its block's time; else when it was made or came to the node. Seconds since 1970.
    public let time: UInt64
    public let receipts: [Receipt]
    /// What it moves of the money that the wallet can spend.
    public let own: Sums
    /// What it moves of the money that the wallet watches.
    public let watched: Sums
    /// Its fee, known when all of its inputs are the wallet's, watched ones included.
    public let fee: Amount?
    /// The payment that it was made to take the place of.
    public let replaces: Hash256?
    /// The payment that was made to take its place.
    public let replacedBy: Hash256?
    /// What its maker wrote down about it, and about whom it pays.
    public let comment: String, payee: String
    /// Its place among its block's transactions, from 0; nil while it is unconfirmed.
    public let blockIndex: Int?

    /// Where it stands on the followed branch; nil while it is unconfirmed.
    public var block: WalletBlock? { if case .confirmed(let block) = state { block } else { nil } }

    /// Blocks that hold it and follow it: 0 while it waits, −1 where it cannot be confirmed on this branch.
    public func confirmations(atTip tip: BlockHeight) -> Int64 {
        switch state {
        case .confirmed(let block): max(0, Int64(tip) - Int64(block.height) + 1)
        case .pending, .abandoned: 0
        case .conflicted: -1
        }
    }
}
