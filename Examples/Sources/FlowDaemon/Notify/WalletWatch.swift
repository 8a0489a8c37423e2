import FlowCrypto
import FlowWallet

/// Which of a wallet's transactions have been told of: each once when it comes and once for each block that holds it.
struct WalletWatch: Sendable {
    private struct Sight: Hashable {
        let txid: Hash256
        let block: Hash256?
    }

    private var told: Set<Sight> = []
    private var since: Hash256?

    /// Takes what happened since the last time.
    /// - Parameter tip: the block up to which the history goes
    /// - Returns: what is news, the oldest first
    mutating func news(_ history: WalletHistory, tip: Hash256) -> [WalletTransaction] {
        let fresh = history.transactions.filter { !told.contains(Sight(txid: $0.txid, block: $0.block?.hash)) }
        // What lies deeper than the next look begins is not seen again.
        told = Set(history.transactions.map { Sight(txid: $0.txid, block: $0.block?.hash) })
        since = tip
        return fresh.filter { $0.state != .abandoned && $0.state != .conflicted }
    }

    /// The block from which the next look begins; nil for the first.
    var last: Hash256? { since }
}
