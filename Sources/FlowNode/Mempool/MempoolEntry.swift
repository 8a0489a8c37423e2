public import FlowConsensus
public import FlowCrypto

/// A transaction that waits for a block.
public struct MempoolEntry: Sendable {
    public let transaction: Transaction
    public let txid: Hash256
    public let fee: Amount
    /// Bytes, witnesses included.
    public let size: Int
    /// What it takes of a block's room: its bytes and 64 for each output.
    public let cost: Int
    /// How many signatures a block that holds it has to have checked for it.
    public let signatureChecks: Int
    /// When it came, in seconds since 1970.
    public let time: UInt64
    /// Height of the tip when it came.
    public let height: BlockHeight

    /// What the operator added to its fee, or took away, so that this node mines it sooner or later; in haruki.
    var feeDelta: Int64 = 0

    /// Fee of 1,000 units of cost, in haruki, rounded down.
    var feeRate: Int64 { Self.rate(fee: fee.haruki, cost: cost) }
    /// The fee that this node counts, in haruki.
    var countedFee: Int64 { fee.haruki.addingReportingOverflow(feeDelta).overflow ? (feeDelta < 0 ? .min : .max) : fee.haruki + feeDelta }
    /// Likewise for 1,000 units of cost.
    var countedFeeRate: Int64 { Self.rate(fee: countedFee, cost: cost) }

    /// - Parameter spent: the coins that the inputs spend.
    init(_ transaction: Transaction, txid: Hash256, fee: Amount, spent: [Coin], time: UInt64, height: BlockHeight) {
        self.transaction = transaction
        self.txid = txid
        self.fee = fee
        size = transaction.encodedLength
        cost = transaction.cost
        signatureChecks = spent.reduce(0) { $0 + $1.output.program.signatureChecks }
        self.time = time
        self.height = height
    }

    static func rate(fee: Int64, cost: Int) -> Int64 {
        let (product, overflow) = fee.multipliedReportingOverflow(by: 1000)
        return (overflow ? (fee < 0 ? Int64.min : .max) : product) / Int64(max(1, cost))
    }
}
