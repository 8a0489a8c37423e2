/// Hosts, and ranges of them, that are kept out for a time. Pure: seconds since 1970 come in as a parameter.
public struct BanList: Sendable {
    /// Bans of single hosts at most; when full, the one that ends first makes room.
    public static let capacity = 10_000
    /// Bans of ranges at most, likewise: they are gone through one by one.
    static let rangeCapacity = 1_000

    private var hosts: [NetworkRange: UInt64] = [:]
    private var ranges: [NetworkRange: UInt64] = [:]

    public init() {}

    /// The bans in force with their ends in seconds since 1970.
    public func entries(at time: UInt64) -> [NetworkRange: UInt64] {
        hosts.merging(ranges) { $1 }.filter { $0.value > time }
    }

    /// Whether a host is kept out, by itself or in a range.
    public func contains(_ host: String, at time: UInt64) -> Bool {
        let host = NetworkRange(host: host)
        return (hosts[host] ?? 0) > time || ranges.contains { $0.value > time && $0.key.contains(host) }
    }

    /// Bans until `end`; a longer ban stays.
    /// - Returns: its end
    @discardableResult
    public mutating func ban(_ range: NetworkRange, until end: UInt64, at time: UInt64) -> UInt64 {
        range.isHost ? Self.add(range, end, time, Self.capacity, &hosts) : Self.add(range, end, time, Self.rangeCapacity, &ranges)
    }

    mutating func lift(_ range: NetworkRange) {
        hosts[range] = nil
        ranges[range] = nil
    }

    private static func add(
        _ range: NetworkRange, _ end: UInt64, _ time: UInt64, _ limit: Int, _ bans: inout [NetworkRange: UInt64]
    ) -> UInt64 {
        if bans[range] == nil && bans.count >= limit {
            bans = bans.filter { $0.value > time }
            if bans.count >= limit, let first = bans.min(by: { ($0.value, $0.key.description) < ($1.value, $1.key.description) }) {
                bans[first.key] = nil
            }
        }
        let longest = max(bans[range] ?? 0, end)
        bans[range] = longest
        return longest
    }
}
