import Foundation

/// What a full pool asks for: a little more than what had to leave paid, halved every twelve hours once a block has come, and sooner where the pool has
/// become empty again. As Bitcoin Core does it.
struct RollingMinimum: Sendable, Equatable {
    private var rate = 0.0
    private var updated: UInt64 = 0
    private var hasHadBlock = true
    private static let halfLife = 12.0 * 3600

    /// The fee of 1,000 units of cost, in haruki; 0 where the pool asks for nothing of its own.
    /// - Parameter fill: the part of the pool's room that is taken
    func feeRate(now: UInt64, fill: Double, increment: Int64) -> Int64 {
        let rate = decayed(now: now, fill: fill)
        guard rate >= Double(increment) / 2, rate > 0 else { return 0 }
        return max(increment, Int64(min(rate.rounded(), 1e18)))
    }

    private func decayed(now: UInt64, fill: Double) -> Double {
        guard rate > 0, hasHadBlock, now > updated else { return rate }
        let halfLife = fill < 0.25 ? Self.halfLife / 4 : fill < 0.5 ? Self.halfLife / 2 : Self.halfLife
        return rate / pow(2, Double(now - updated) / halfLife)
    }

    /// Something that paid `rate` had to leave for want of room.
    mutating func evicted(rate evicted: Int64, now: UInt64, fill: Double, increment: Int64) {
        let raised = Double(evicted) + Double(increment)
        let present = decayed(now: now, fill: fill)
        rate = max(raised, present)
        updated = max(updated, now)
        if raised > present { hasHadBlock = false }
    }

    /// A block has made room: from now on less is asked for.
    mutating func blockCame(now: UInt64, fill: Double) {
        rate = decayed(now: now, fill: fill)
        updated = max(updated, now)
        hasHadBlock = true
    }
}
