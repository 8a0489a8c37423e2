public import FlowConsensus

/// A price for room in a block, in haruki for 1,000 units of cost: a byte is one unit, an output 64 more.
public struct FeeRate: Hashable, Comparable, Sendable {
    public let harukiPerThousand: Int64

    /// What a wallet pays unless told otherwise.
    public static let standard = FeeRate(harukiPerThousand: 10_000)
    /// What nodes want at least to relay a transaction, and for each unit that another takes the place of.
    public static let relay = FeeRate(harukiPerThousand: 1_000)

    /// - Parameter harukiPerThousand: below zero counts as zero.
    public init(harukiPerThousand: Int64) { self.harukiPerThousand = max(0, harukiPerThousand) }

    /// The rate that a fee is for a cost, rounded down.
    public init(paying fee: Amount, for cost: Int) {
        let (product, overflow) = fee.haruki.multipliedReportingOverflow(by: 1_000)
        self.init(harukiPerThousand: (overflow ? .max : product) / Int64(max(1, cost)))
    }

    /// The fee for a number of units, rounded up; never above what money there is.
    public func fee(cost: Int) -> Amount {
        let (product, overflow) = Int64(clamping: max(0, cost)).multipliedReportingOverflow(by: harukiPerThousand)
        if overflow { return .maxMoney }
        return min(.maxMoney, Amount(haruki: product / 1_000 + (product % 1_000 == 0 ? 0 : 1)))
    }

    public static func < (left: FeeRate, right: FeeRate) -> Bool { left.harukiPerThousand < right.harukiPerThousand }
}
