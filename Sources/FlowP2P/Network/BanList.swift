/// Hosts that are kept out for a time. Pure: seconds since 1970 come in as a parameter.
public struct BanList: Sendable {
    /// Bans at most; when full, the one that ends first makes room.
    public static let capacity = 10_000
    private var ends: [String: UInt64] = [:]

    public init() {}

    /// The bans in force with their ends in seconds since 1970.
    public func entries(at time: UInt64) -> [String: UInt64] { ends.filter { $0.value > time } }

    public func contains(_ host: String, at time: UInt64) -> Bool { (ends[host] ?? 0) > time }

    /// Bans until `end`; a longer ban stays.
    public mutating func ban(_ host: String, until end: UInt64, at time: UInt64) {
        if ends[host] == nil && ends.count >= Self.capacity {
            ends = entries(at: time)
            if ends.count >= Self.capacity, let first = ends.min(by: { $0.value < $1.value }) { ends[first.key] = nil }
        }
        ends[host] = max(ends[host] ?? 0, end)
    }

    public mutating func lift(_ host: String) { ends[host] = nil }
}
