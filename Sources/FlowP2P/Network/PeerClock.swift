/// The times that a network uses. Tests give their own.
public struct PeerClock: Sendable {
    /// A steadily growing time.
    public var now: @Sendable () -> Duration
    /// Seconds since 1970.
    public var unixTime: @Sendable () -> UInt64
    /// Waits; throws when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> Duration, unixTime: @escaping @Sendable () -> UInt64,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.unixTime = unixTime
        self.sleep = sleep
    }

    /// The machine's clocks.
    public static let system: PeerClock = {
        let clock = ContinuousClock(), start = clock.now
        return PeerClock(
            now: { start.duration(to: clock.now) },
            unixTime: { secondsSince1970() },
            sleep: { try await clock.sleep(for: $0) })
    }()
}
