/// Sums over all unspent outputs.
struct CoinStatistics: Equatable, Sendable {
    /// Transactions that have any.
    var transactions = 0
    var count = 0
    /// What they are worth, in haruki.
    var total: Int64 = 0
}
