import FlowConsensus
import FlowCrypto

/// A coin that a payment may be made of, and on which unconfirmed transactions such a payment would stand.
struct CoinCandidate: Sendable {
    let coin: WalletCoin
    /// The unconfirmed transactions that have to be confirmed first, the coin's own included; none for a confirmed coin.
    var ancestors: Set<Hash256> = []
    /// The most transactions that wait on one of those, itself included.
    var descendants = 0

    var outPoint: OutPoint { coin.outPoint }
    var value: Int64 { coin.output.value.haruki }

    /// So many transactions, one on top of the other, nodes keep: a payment that would be one more is not relayed.
    static let chainLimit = 25

    /// Of candidates, the unconfirmed ones that a payment may spend all at once, the shortest chains and the largest coins first. Confirmed ones are all kept.
    static func withinChainLimit(_ candidates: [CoinCandidate], standingOn given: Set<Hash256> = [], ancestors most: Int = chainLimit - 1) -> [CoinCandidate] {
        var (kept, chain) = (candidates.filter(\.ancestors.isEmpty), given)
        let unconfirmed = candidates.filter { !$0.ancestors.isEmpty }
            .sorted { ($0.ancestors.count, $1.value, $0.outPoint.txid, $0.outPoint.index) < ($1.ancestors.count, $0.value, $1.outPoint.txid, $1.outPoint.index) }
        for candidate in unconfirmed where candidate.ancestors.count <= most && candidate.descendants < chainLimit {
            let joined = chain.union(candidate.ancestors)
            guard joined.count < chainLimit else { continue }
            chain = joined
            kept.append(candidate)
        }
        return kept
    }
}
