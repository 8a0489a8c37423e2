internal import CHostState

/// A floating-point state in which a host program may call this library: rounding, flushing, traps.
public struct HostState: CaseIterable, Sendable, CustomStringConvertible {
    /// See CHostState.h.
    public let number: Int32

    public static let allCases = (0..<Int32(HOST_STATES)).map { HostState(number: $0) }
    /// Those in which a test may run too: a trap at the first rounded number would end it.
    public static let withoutTraps = allCases.filter { !$0.traps }

    public init(number: Int32) { self.number = number }

    public var traps: Bool { number & Int32(HOST_STATE_TRAPS) != 0 }

    public var description: String {
        ["to nearest", "down", "up", "toward zero"][Int(number & 3)] + (number & Int32(HOST_STATE_FLUSHES) != 0 ? ", flushing" : "")
            + (traps ? ", trapping" : "")
    }

    /// Whether this thread rounds or flushes otherwise than IEEE 754 says by default, seen in what it computes.
    public static var differsHere: Bool { host_state_differs() }

    /// Sets this thread's state, and leaves it so.
    public func enter() { host_state_set(number) }

    /// Runs `body` on this thread in this state.
    ///
    /// - Returns: also whether the settings were the same behind it, and whether no flag was raised. The default state is set then.
    public func run<Result>(_ body: () throws -> Result) rethrows -> (result: Result, isKept: Bool, raisesNothing: Bool) {
        host_state_set(number)
        let before = (host_state_settings(), host_state_flags())
        defer { host_state_set(0) }
        let result = try body()
        let after = (host_state_settings(), host_state_flags())
        return (result, before.0 == after.0, before.1 == after.1)
    }
}
