import FlowConsensus

/// What a node takes into its mempool beyond what consensus asks.
public struct MempoolPolicy: Sendable, Equatable {
    /// Most bytes of transactions held.
    public var maximumBytes = 300_000_000
    /// Lowest fee of 1,000 units of cost (bytes, and 64 for each output), in haruki.
    public var minimumFeeRate: Int64 = 1_000
    /// Fee of 1,000 units of cost that a transaction pays for the way of another one that it takes the place of, in haruki; also the step by which a full
    /// pool raises what it asks for.
    var incrementalFeeRate: Int64 = 1_000
    /// Least value of an output, in haruki: below, spending it costs about as much as it brings, and it stays in the coin set for ever.
    var leastOutput = TransactionOutput.leastRelayedValue.haruki
    /// Most bytes of one transaction.
    var maximumTransactionSize = 100_000
    /// Versions of transactions that have a meaning.
    var versions: ClosedRange<UInt32> = 1...2
    /// Unconfirmed ancestors a transaction may have, itself included; descendants alike.
    var maximumChain = 25
    /// Bytes of a transaction and its unconfirmed ancestors; descendants alike.
    var maximumChainSize = 101_000
    /// Transactions that one may take the place of, those that depend on them included.
    var maximumReplaced = 100
    /// Transactions that are tested together at most.
    var maximumPackage = 25
    /// Seconds after which an unconfirmed transaction is dropped: two weeks.
    var expirySeconds: UInt64 = 14 * 24 * 3600

    public init() {}
}
