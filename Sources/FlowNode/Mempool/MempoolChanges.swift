public import FlowCrypto

/// How a node's pool of waiting transactions has changed.
public struct MempoolChanges: Sendable {
    /// Names the pool's state after these changes.
    public let sequence: UInt64
    /// `arrived` is all that the pool holds.
    public let isWhole: Bool
    public let arrived: [MempoolEntry]
    public let left: [Hash256]

    init(of mempool: Mempool, since sequence: UInt64?) {
        self.sequence = mempool.sequence
        guard let sequence, let changed = mempool.changes(since: sequence) else {
            isWhole = true
            arrived = Array(mempool.entries.values)
            left = []
            return
        }
        isWhole = false
        arrived = changed.compactMap { mempool[$0] }
        left = changed.filter { mempool[$0] == nil }
    }
}
