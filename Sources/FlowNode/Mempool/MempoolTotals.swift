/// A transaction of the pool together with those that it depends on, or that depend on it.
struct MempoolTotals: Sendable, Equatable {
    /// Transactions, itself included.
    var count = 0
    var size = 0
    var cost = 0
    /// Fees as the node counts them (`MempoolEntry.countedFee`), in haruki.
    var fees: Int64 = 0

    mutating func add(_ entry: MempoolEntry) {
        count += 1
        size += entry.size
        cost += entry.cost
        fees = fees.addingReportingOverflow(entry.countedFee).overflow ? (entry.countedFee < 0 ? .min : .max) : fees + entry.countedFee
    }

    /// Fee of 1,000 units of cost.
    var feeRate: Int64 { MempoolEntry.rate(fee: fees, cost: cost) }
}
