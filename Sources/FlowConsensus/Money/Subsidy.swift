/// The new money of a block.
enum Subsidy {
    /// The subsidy before the first halving: 50 FLOW.
    static let initial = Amount(haruki: 50 * Amount.harukiPerFlow)

    /// The subsidy at a height: 50 FLOW, halved (rounding down) every `interval` blocks, zero from the 64th halving on.
    /// An interval of zero counts as one that never comes.
    static func amount(height: BlockHeight, halvingInterval interval: UInt32) -> Amount {
        guard interval > 0 else { return initial }
        let halvings = height / interval
        return halvings < 64 ? Amount(haruki: initial.haruki >> Int64(halvings)) : .zero
    }
}
