/// Tokens that come at a steady rate, up to a limit, and are spent. Pure: time comes in as a parameter.
struct TokenBucket: Sendable {
    let capacity: Double
    let perSecond: Double
    private(set) var tokens: Double
    private var filledAt: Duration

    /// - Parameter tokens: those at the beginning; a full bucket where it is nil.
    init(capacity: Double, perSecond: Double, tokens: Double? = nil, now: Duration) {
        self.capacity = capacity
        self.perSecond = perSecond
        self.tokens = min(tokens ?? capacity, capacity)
        filledAt = now
    }

    mutating func refill(now: Duration) {
        guard now > filledAt else { return }
        let (seconds, attoseconds) = (now - filledAt).components
        filledAt = now
        add((Double(seconds) + Double(attoseconds) / 1e18) * perSecond)
    }

    mutating func add(_ count: Double) { tokens = min(capacity, tokens + count) }

    /// Takes tokens, below zero where there are too few.
    mutating func spend(_ count: Double) { tokens -= count }

    /// Takes tokens where there are enough.
    mutating func take(_ count: Double) -> Bool {
        guard tokens >= count else { return false }
        tokens -= count
        return true
    }
}
