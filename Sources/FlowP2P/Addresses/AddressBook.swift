public import FlowEncoding

/// The places of other nodes that a node has heard of. Pure: time and randomness come in as parameters.
///
/// One operator's range of addresses gets few of its places, so that nobody fills the book with his own nodes.
public struct AddressBook: Sendable {
    /// Places at most.
    public static let capacity = 8_192
    /// Places of one range (a /16 of IPv4, a /32 of IPv6) at most.
    static let capacityOfRange = 64

    private struct Entry: Sendable {
        var address: PeerAddress
        var lastTry: UInt64 = 0
        var lastSuccess: UInt64 = 0
        var failures: UInt32 = 0

        /// Bitcoin's rule for a place not worth keeping: not heard of for 30 days, three failures without a success ever,
        /// or ten within a week since the last one.
        func isHopeless(at now: UInt64) -> Bool {
            if now < lastTry &+ 60 { return false }
            if UInt64(address.time) &+ 30 * 86_400 < now { return true }
            if lastSuccess == 0 { return failures >= 3 }
            return failures >= 10 && lastSuccess &+ 7 * 86_400 < now
        }
    }

    private var entries: [PeerEndpoint: Entry] = [:]
    private var rangeCounts: [[UInt8]: Int] = [:]
    /// Also takes places that only this machine or the local network can reach: for tests and private networks.
    var takesUnroutable: Bool

    public init(takesUnroutable: Bool = false) { self.takesUnroutable = takesUnroutable }

    public var count: Int { entries.count }
    /// All places, in no order.
    public var places: [PeerAddress] { entries.values.map(\.address) }
    public func contains(_ endpoint: PeerEndpoint) -> Bool { entries[endpoint] != nil }

    // MARK: Learning

    /// Takes what a peer said. Times more than ten minutes ahead of `now` count as five days old.
    /// - Returns: the addresses that are news: those that were not known, or last heard of more than twelve hours before.
    @discardableResult
    public mutating func add(_ addresses: [PeerAddress], now: UInt64) -> [PeerAddress] {
        var news: [PeerAddress] = []
        for var address in addresses.prefix(ProtocolLimits.addresses) {
            guard let endpoint = address.endpoint, takesUnroutable || address.isRoutable else { continue }
            if UInt64(address.time) > now &+ 600 { address.time = UInt32(clamping: now - min(now, 5 * 86_400)) }
            if let known = entries[endpoint] {
                entries[endpoint]?.address.time = max(known.address.time, address.time)
                entries[endpoint]?.address.services.formUnion(address.services)
                if UInt64(known.address.time) + 43_200 < UInt64(address.time) { news.append(address) }
                continue
            }
            guard makeRoom(for: address, now: now) else { continue }
            entries[endpoint] = Entry(address: address)
            rangeCounts[address.group, default: 0] += 1
            news.append(address)
        }
        return news
    }

    /// An attempt to connect begins.
    mutating func tried(_ endpoint: PeerEndpoint, now: UInt64) {
        entries[endpoint]?.lastTry = now
        if let failures = entries[endpoint]?.failures { entries[endpoint]?.failures = failures &+ 1 }
    }

    /// A handshake was completed.
    mutating func succeeded(_ endpoint: PeerEndpoint, services: ServiceFlags, now: UInt64) {
        entries[endpoint]?.lastSuccess = now
        entries[endpoint]?.failures = 0
        entries[endpoint]?.address.time = UInt32(clamping: now)
        entries[endpoint]?.address.services = services
    }

    public mutating func remove(_ endpoint: PeerEndpoint) {
        guard let gone = entries.removeValue(forKey: endpoint) else { return }
        let left = (rangeCounts[gone.address.group] ?? 1) - 1
        rangeCounts[gone.address.group] = left > 0 ? left : nil
    }

    // MARK: Using

    /// A place to connect to: at random among those not tried in the last ten minutes, of a range that is not in `avoiding`
    /// where there is one.
    /// - Parameter full: hosts from whose ranges there are connections enough: no place of theirs is given.
    public func candidate(
        avoiding: some Sequence<PeerEndpoint>, full: some Sequence<String> = EmptyCollection<String>(), now: UInt64,
        using random: inout some RandomNumberGenerator
    ) -> PeerEndpoint? {
        let fullRanges = Set(full.map(NetGroup.of))
        let avoided = Set(avoiding)
        let ranges = Set(avoided.compactMap { PeerAddress($0, time: 0, services: [])?.group })
        let open = entries.filter { endpoint, entry in
            !avoided.contains(endpoint) && !fullRanges.contains(entry.address.group) && !entry.isHopeless(at: now)
                && (entry.lastTry == 0 || entry.lastTry &+ 600 <= now)
        }
        let sorted = open.keys.sorted { $0.description < $1.description }
        let elsewhere = sorted.filter { endpoint in entries[endpoint].map { !ranges.contains($0.address.group) } ?? false }
        return (elsewhere.isEmpty ? sorted : elsewhere).randomElement(using: &random)
    }

    /// The answer to `getaddr`: a random 23 % of the places worth naming, at least one where there are any, at most 1,000.
    public func sample(now: UInt64, using random: inout some RandomNumberGenerator) -> [PeerAddress] {
        let good = entries.values.filter { !$0.isHopeless(at: now) }.map(\.address)
            .sorted { ($0.address.lexicographicallyPrecedes($1.address)) || ($0.address == $1.address && $0.port < $1.port) }
        let wanted = min(ProtocolLimits.addresses, (good.count * 23 + 99) / 100)
        return Array(good.shuffled(using: &random).prefix(wanted))
    }

    /// Whether there is a place in the book for another address, after throwing out hopeless ones, or those of a full book
    /// that never answered and were not heard of for longest.
    private mutating func makeRoom(for address: PeerAddress, now: UInt64) -> Bool {
        let group = address.group
        if (rangeCounts[group] ?? 0) >= Self.capacityOfRange {
            guard let hopeless = entries.first(where: { $0.value.address.group == group && $0.value.isHopeless(at: now) })
            else { return false }
            remove(hopeless.key)
        } else if entries.count >= Self.capacity {
            // A share at a time, so that a flood of addresses costs little for each.
            var worst = entries.filter { $0.value.isHopeless(at: now) }.map(\.key)
            if worst.isEmpty {
                worst = entries.filter { $0.value.lastSuccess == 0 }
                    .sorted { $0.value.address.time < $1.value.address.time }.prefix(Self.capacity / 16).map(\.key)
            }
            guard !worst.isEmpty else { return false }
            for endpoint in worst { remove(endpoint) }
        }
        return true
    }
}

extension AddressBook: BinaryCodable {
    /// Reads what `encode` wrote, to go on after a restart; more than fits is a fault.
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let offset = reader.offset
        guard try reader.readUInt8() == 1 else { throw .invalidValue("an address book of another version", offset: offset) }
        self.init(takesUnroutable: try reader.readUInt8() == 1)
        let count = try reader.readCount(limit: UInt64(Self.capacity), minimumElementSize: PeerAddress.minimumLength + 20)
        for _ in 0..<count {
            var entry = Entry(address: try PeerAddress(from: &reader))
            entry.lastTry = try reader.readUInt64()
            entry.lastSuccess = try reader.readUInt64()
            entry.failures = try reader.readUInt32()
            guard let endpoint = entry.address.endpoint, entries[endpoint] == nil else { continue }
            entries[endpoint] = entry
            rangeCounts[entry.address.group, default: 0] += 1
        }
    }

    public func encode(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(UInt8(takesUnroutable ? 1 : 0))
        writer.writeCompactSize(UInt64(entries.count))
        for (_, entry) in entries.sorted(by: { $0.key.description < $1.key.description }) {
            entry.address.encode(to: &writer)
            writer.write(entry.lastTry)
            writer.write(entry.lastSuccess)
            writer.write(entry.failures)
        }
    }
}
