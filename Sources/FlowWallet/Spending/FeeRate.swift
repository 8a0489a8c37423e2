public import FlowConsensus

/// A price for room in a block, in haruki a unit of cost: a byte is one unit, an output 64 more.
public struct FeeRate: Hashable, Sendable {
    public let harukiPerUnit: UInt32

    /// What a wallet pays unless told otherwise.
    public static let standard = FeeRate(harukiPerUnit: 10)

    public init(harukiPerUnit: UInt32) { self.harukiPerUnit = harukiPerUnit }

    /// The fee for a number of units.
    public func fee(cost: Int) -> Amount {
        Amount(haruki: Int64(clamping: cost).multipliedReportingOverflow(by: Int64(harukiPerUnit)).partialValue)
    }
}
