public import FlowEncoding

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
    public mutating func ban(_ range: NetworkRange, until end: UInt64, at time: UInt64) {
        if range.isHost {
            Self.add(range, end, time, Self.capacity, &hosts)
        } else {
            Self.add(range, end, time, Self.rangeCapacity, &ranges)
        }
    }

    mutating func lift(_ range: NetworkRange) {
        hosts[range] = nil
        ranges[range] = nil
    }

    private static func add(
        _ range: NetworkRange, _ end: UInt64, _ time: UInt64, _ limit: Int, _ bans: inout [NetworkRange: UInt64]
    ) {
        if bans[range] == nil && bans.count >= limit {
            bans = bans.filter { $0.value > time }
            if bans.count >= limit, let first = bans.min(by: { ($0.value, $0.key.description) < ($1.value, $1.key.description) }) {
                bans[first.key] = nil
            }
        }
        bans[range] = max(bans[range] ?? 0, end)
    }
}

extension BanList: BinaryCodable {
    /// Reads what `encode` wrote, to go on after a restart; more than fits is a fault.
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let offset = reader.offset
        guard try reader.readUInt8() == 1 else { throw .invalidValue("a ban list of another version", offset: offset) }
        self.init()
        for _ in 0..<(try reader.readCount(limit: UInt64(Self.capacity + Self.rangeCapacity), minimumElementSize: 10)) {
            let offset = reader.offset
            let text = String(decoding: try reader.readVarBytes(limit: ProtocolLimits.addressBytes), as: UTF8.self)
            guard let range = NetworkRange(text) else { throw .invalidValue("'\(text)' is no host or range", offset: offset) }
            ban(range, until: try reader.readUInt64(), at: 0)
        }
    }

    public func encode(to writer: inout ByteWriter) {
        // A name that reads as something else, which only links in memory can have, would make the rest unreadable.
        let bans = entries(at: 0).map { (range: $0.key, text: $0.key.description, end: $0.value) }
            .filter { NetworkRange($0.text) == $0.range }.sorted { $0.text < $1.text }
        writer.write(UInt8(1))
        writer.writeCompactSize(UInt64(bans.count))
        for ban in bans {
            writer.writeVarBytes(Array(ban.text.utf8))
            writer.write(ban.end)
        }
    }
}
