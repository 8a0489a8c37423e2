import FlowCrypto

/// A transaction of the pool and its relations.
struct MempoolDetails: Sendable {
    let entry: MempoolEntry
    /// With all that it depends on.
    let ancestors: MempoolTotals
    /// With all that depends on it.
    let descendants: MempoolTotals
    /// Transactions of the pool whose outputs it spends.
    let depends: [Hash256]
    /// Transactions of the pool that spend its outputs.
    let spentBy: [Hash256]
    /// Whether another may take its place: it says so, or something that it depends on does (BIP-125).
    let isReplaceable: Bool
}
