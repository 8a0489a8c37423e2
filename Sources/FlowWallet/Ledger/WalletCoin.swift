public import FlowConsensus
import FlowCrypto

/// A coin of the wallet that nothing spends, as far as the wallet knows.
public struct WalletCoin: Hashable, Sendable {
    public let outPoint: OutPoint
    public let output: TransactionOutput
    public let holder: WalletHolder
    /// nil while unconfirmed.
    public let height: BlockHeight?
    public let isCoinbase: Bool
    /// True for change and self-payments of transactions that the wallet itself made.
    public let isOwnChange: Bool

    /// Whether the next block may hold what spends it, as far as the wallet can answer for that: somebody else's unconfirmed payment may never be confirmed.
    public func isSafe(atTip tip: BlockHeight) -> Bool {
        guard let height else { return isOwnChange }
        return !isCoinbase || UInt64(tip) + 1 >= UInt64(height) + UInt64(ConsensusLimits.coinbaseMaturity)
    }

    /// Whether this wallet may spend it in the block after a tip.
    public func isSpendable(atTip tip: BlockHeight) -> Bool { !holder.isWatched && isSafe(atTip: tip) }

    /// Blocks that hold it and follow it: 0 while unconfirmed.
    public func confirmations(atTip tip: BlockHeight) -> Int64 {
        height.map { max(0, Int64(tip) - Int64($0) + 1) } ?? 0
    }
}
