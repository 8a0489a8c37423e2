import FlowCrypto

/// What has to leave for a transaction that the pool takes.
struct MempoolAdmission: Sendable, Equatable {
    /// What it takes the place of: those that spend what it spends, and all that depends on them.
    var replaced: Set<Hash256> = []
    /// What makes room for it.
    var evicted: Set<Hash256> = []
    /// The best rate that something evicted paid; nil where nothing was.
    var evictedRate: Int64?

    var leaving: Set<Hash256> { replaced.union(evicted) }
}
