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
        public let key: WalletKey
    }

    public let transaction: Transaction
    public let txid: Hash256
    public let state: State
    /// Its block's time; else when it was made or came to the node. Seconds since 1970.
    public let time: UInt64
    public let receipts: [Receipt]
    /// The sum of its outputs that pay to the wallet.
    public let received: Amount
    /// The sum of the wallet's coins that it spends.
    public let spent: Amount
    /// Its fee, known when all of its inputs are the wallet's.
    public let fee: Amount?

    /// Where it stands on the followed branch; nil while it is unconfirmed.
    public var block: WalletBlock? { if case .confirmed(let block) = state { block } else { nil } }
}

/// A block that the wallet has scanned.
public struct WalletBlock: Hashable, Sendable {
    public let hash: Hash256
    public let height: BlockHeight
    public let time: UInt64
}

/// A coin of the wallet that nothing spends, as far as the wallet knows.
public struct WalletCoin: Hashable, Sendable {
    public let outPoint: OutPoint
    public let output: TransactionOutput
    public let key: WalletKey
    /// nil while unconfirmed.
    public let height: BlockHeight?
    public let isCoinbase: Bool
    /// True for change and self-payments of transactions that the wallet itself made.
    public let isOwnChange: Bool

    /// Whether it may be spent in the block after a tip.
    public func isSpendable(atTip tip: BlockHeight) -> Bool {
        guard let height else { return isOwnChange }
        return !isCoinbase || UInt64(tip) + 1 >= UInt64(height) + UInt64(ConsensusLimits.coinbaseMaturity)
    }

    /// Blocks that hold it and follow it: 0 while unconfirmed.
    public func confirmations(atTip tip: BlockHeight) -> Int64 {
        height.map { max(0, Int64(tip) - Int64($0) + 1) } ?? 0
    }
}

/// The wallet's money, as bitcoind's `getbalances` splits it.
public struct WalletBalance: Hashable, Sendable {
    /// Can be spent now: confirmed, or change of own unconfirmed transactions.
    public var trusted: Amount
    /// Unconfirmed payments from others.
    public var untrustedPending: Amount
    /// Mined, but not yet 100 blocks deep.
    public var immature: Amount
}
