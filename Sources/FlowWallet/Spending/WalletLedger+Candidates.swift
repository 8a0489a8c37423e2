import FlowConsensus
import FlowCrypto

extension WalletLedger {
    /// Coins that a payment may be made of, with the unconfirmed transactions that it would stand on.
    func candidates(atTip tip: BlockHeight, watched: Bool, where isWanted: (WalletCoin) -> Bool) -> [CoinCandidate] {
        coins.compactMap { coin in
            guard coin.isSafe(atTip: tip), watched || !coin.holder.isWatched, isWanted(coin) else { return nil }
            return candidate(coin)
        }
    }

    func candidate(_ coin: WalletCoin) -> CoinCandidate {
        guard coin.height == nil else { return CoinCandidate(coin: coin) }
        let ancestors = unconfirmedAncestors(of: coin.outPoint.txid)
        return CoinCandidate(coin: coin, ancestors: ancestors, descendants: ancestors.map { unconfirmedDescendants(of: $0).count }.max() ?? 0)
    }
}
