public import FlowConsensus
public import FlowCrypto

/// A transaction that waits for a block.
public struct MempoolEntry: Sendable {
    public let transaction: Transaction
    public let txid: Hash256
    public let fee: Amount
    /// Bytes, witnesses included.
    public let size: Int
    /// When it came, in seconds since 1970.
    public let time: UInt64
    /// Height of the tip when it came.
    public let height: BlockHeight

    /// Fee of 1,000 bytes, in haruki, rounded down.
    public var feeRate: Int64 { Self.rate(fee: fee.haruki, size: size) }

    static func rate(fee: Int64, size: Int) -> Int64 {
        let (product, overflow) = fee.multipliedReportingOverflow(by: 1000)
        return (overflow ? Int64.max : product) / Int64(max(1, size))
    }
}
