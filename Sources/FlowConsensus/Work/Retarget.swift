/// The rule that moves the target every period so that blocks come at the intended interval.
enum Retarget {
    /// The bits of the next period.
    ///
    /// `new = ⌊old · clamp(lastTime − firstTime, T/4, 4T) / T⌋`, at most `limit`, in compact form, with T = period ·
    /// interval. The period's first and last block are period − 1 intervals apart, as in Bitcoin.
    /// The span is signed: a last block before the first counts as T/4. The product has 320 bits.
    ///
    /// - Parameters:
    ///   - bits: the target of the period that ends.
    ///   - firstTime: the time of its first block, in seconds.
    ///   - lastTime: the time of its last block, in seconds.
    ///   - limit: the easiest target of the network.
    ///   - timespan: T in seconds.
    static func next(
        bits: CompactTarget, firstTime: UInt64, lastTime: UInt64, limit: CompactTarget, timespan: UInt64
    ) -> CompactTarget {
        next(bits: bits, firstTime: firstTime, lastTime: lastTime, limit: limit.target ?? .one, timespan: timespan)
    }

    /// The same with a limit that need not have a compact form.
    static func next(
        bits: CompactTarget, firstTime: UInt64, lastTime: UInt64, limit: UInt256, timespan: UInt64
    ) -> CompactTarget {
        guard let old = bits.target, timespan > 0 else { return CompactTarget(limit) }
        let span = clampedSpan(firstTime: firstTime, lastTime: lastTime, timespan: timespan)
        guard let division = old.multipliedFullWidth(by: span).quotientAndRemainder(dividingBy: timespan) else {
            return CompactTarget(limit)
        }
        return CompactTarget(min(max(division.quotient.clamped, .one), limit))
    }

    /// lastTime − firstTime, signed, held between a quarter and four times the intended span.
    static func clampedSpan(firstTime: UInt64, lastTime: UInt64, timespan: UInt64) -> UInt64 {
        let shortest = timespan / 4
        let product = timespan.multipliedReportingOverflow(by: 4)
        let longest = product.overflow ? UInt64.max : product.partialValue
        guard lastTime > firstTime else { return shortest }
        return min(max(lastTime - firstTime, shortest), longest)
    }
}
