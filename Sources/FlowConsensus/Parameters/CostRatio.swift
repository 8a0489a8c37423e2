/// How many times as much a training step costs as one of the stage before: a fraction of at least 1.
public struct CostRatio: Hashable, Sendable, Codable {
    public var numerator: UInt32
    public var denominator: UInt32

    /// The largest ratio that a stage may state.
    public static let most: UInt64 = 65_536

    public init(_ numerator: UInt32, _ denominator: UInt32 = 1) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// The bits of the first block of a stage: `⌊target · numerator / denominator⌋`, at least 1, at most `limit`, in compact form.
    ///
    /// A ticket costs more, so it must be easier by as much for blocks to keep their interval.
    ///
    /// - Parameters:
    ///   - bits: what the rules on bits give at that height without growth.
    ///   - limit: the easiest target of the network.
    public func scaling(_ bits: CompactTarget, limit: CompactTarget) -> CompactTarget {
        guard let target = bits.target, let most = limit.target,
            let division = target.multipliedFullWidth(by: UInt64(numerator)).quotientAndRemainder(dividingBy: UInt64(denominator))
        else { return limit }
        return CompactTarget(min(max(division.quotient.clamped, .one), most))
    }
}
