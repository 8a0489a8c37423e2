import Foundation
import Synchronization

/// The time of day, or what the method `setmocktime` said.
final class AdjustableClock: Sendable {
    /// 0: the time of day.
    private let seconds = Atomic<UInt64>(0)

    /// Seconds since 1970.
    func now() -> UInt64 {
        let set = seconds.load(ordering: .relaxed)
        return set == 0 ? UInt64(max(0, Date().timeIntervalSince1970)) : set
    }

    func set(_ time: UInt64) { seconds.store(time, ordering: .relaxed) }
}
