import FlowConsensus
import FlowCrypto

/// What nodes ask of a transaction that is to take another's place (BIP-125), as far as its maker can see to it.
enum ReplacementRules {
    /// What a bump pays above the old rate unless told otherwise, in haruki for 1,000 units: well above the least, so that it moves the payment ahead.
    static let step: Int64 = 5_000

    /// The least fee of a transaction of this cost that takes the place of one that pays `fee`.
    static func leastFee(replacing fee: Amount, cost: Int) -> Amount { fee.adding(FeeRate.relay.fee(cost: cost)) ?? .maxMoney }

    /// The lowest rate, not below the one given, at which a transaction of this cost pays that.
    static func rate(_ rate: FeeRate, replacing fee: Amount, cost: Int) -> FeeRate {
        let (product, overflow) = leastFee(replacing: fee, cost: cost).haruki.multipliedReportingOverflow(by: 1_000)
        let needed = (overflow ? .max : product) / Int64(max(1, cost))
        return max(rate, FeeRate(harukiPerThousand: needed == .max ? needed : needed + 1))
    }
}
