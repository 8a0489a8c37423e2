/// The pool in figures.
struct MempoolInfo: Sendable {
    let count: Int
    /// Bytes of the transactions as they are encoded.
    let bytes: Int
    /// About what they take in memory.
    let usage: Int
    /// Sum of the fees in haruki, without what the operator added.
    let totalFee: Int64
    /// Fee of 1,000 units of cost that a transaction has to pay now.
    let minimumFeeRate: Int64
    let policy: MempoolPolicy
}
