/// What all connections together hold in memory, and who gives way when it is too much. Pure: figures and time in, decisions
/// out.
///
/// *Receiving* is what waits in decoders for its end and in the queue of events for the consumer; *sending* is what waits for
/// peers to take it. From three quarters of the receiving budget nothing more is read from peers whose messages wait: the
/// consumer has enough to do. At the whole budget the connection whose unfinished message has held most memory for longest is
/// cut, at once; so too the slowest of those that are sent to.
struct MemoryBudget: Sendable {
    /// What one connection holds, in bytes.
    struct Usage: Sendable, Equatable {
        /// In the decoder.
        var unfinished = 0
        /// When the unfinished message began.
        var unfinishedSince: Duration?
        /// In events that the consumer has not taken.
        var queued = 0
        /// Waiting to be sent.
        var sending = 0
        /// When the peer last took something of it.
        var sendingSince: Duration?
    }

    enum Decision: Equatable, Sendable {
        /// Read nothing more from a peer.
        case hold(PeerID)
        /// Go on reading from it.
        case release(PeerID)
        case cut(PeerID, DisconnectReason)
    }

    private struct Entry {
        var usage = Usage()
        var isHeld = false
    }

    /// Queued bytes of one peer that are no reason to hold it.
    static let trifle = 65_536
    /// How long a peer may take nothing of what is sent to it while others wait for room.
    static let sendingPatience: Duration = .seconds(20)

    let receivingLimit: Int
    let sendingLimit: Int
    private var entries: [PeerID: Entry] = [:]
    /// Bytes held for all connections together.
    private(set) var receiving = 0
    private(set) var sending = 0
    private var reserved = 0

    init(receivingLimit: Int, sendingLimit: Int) {
        self.receivingLimit = receivingLimit
        self.sendingLimit = sendingLimit
    }

    /// More than half of what may wait to be sent does: whoever can wait with a large answer does so.
    var isSendingTight: Bool { sending + reserved > sendingLimit / 2 }

    /// Sets bytes aside that are about to be sent; false where they must wait.
    mutating func reserveSending(_ bytes: Int) -> Bool {
        guard !isSendingTight else { return false }
        reserved += bytes
        return true
    }

    /// The bytes set aside are now counted, or not sent.
    mutating func unreserveSending(_ bytes: Int) -> [Decision] {
        reserved -= bytes
        return []
    }

    mutating func add(_ peer: PeerID) { entries[peer] = Entry() }

    mutating func remove(_ peer: PeerID, now: Duration) -> [Decision] {
        guard let entry = entries.removeValue(forKey: peer) else { return [] }
        receiving -= entry.usage.unfinished + entry.usage.queued
        sending -= entry.usage.sending
        return decide(now: now)
    }

    /// Takes the figures of one connection; those of an unknown one are passed over.
    mutating func update(_ peer: PeerID, _ usage: Usage, now: Duration) -> [Decision] {
        guard let old = entries[peer]?.usage else { return [] }
        receiving += usage.unfinished + usage.queued - old.unfinished - old.queued
        sending += usage.sending - old.sending
        entries[peer]?.usage = usage
        return decide(now: now)
    }

    /// Lets time pass; call about once a second.
    mutating func tick(now: Duration) -> [Decision] {
        var decisions = decide(now: now)
        if isSendingTight, let slowest = slowest(now),
            let since = slowest.value.usage.sendingSince, now - since >= Self.sendingPatience
        {
            decisions.append(cutSending(slowest.key, slowest.value.usage.sending))
        }
        return decisions
    }

    private mutating func decide(now: Duration) -> [Decision] {
        var decisions: [Decision] = []
        let mark = receivingLimit / 4 * 3
        if receiving > mark {
            for (peer, entry) in entries where !entry.isHeld && entry.usage.queued > Self.trifle {
                entries[peer]?.isHeld = true
                decisions.append(.hold(peer))
            }
        }
        for (peer, entry) in entries where entry.isHeld && (receiving <= mark / 2 || entry.usage.queued <= Self.trifle / 2) {
            entries[peer]?.isHeld = false
            decisions.append(.release(peer))
        }
        while receiving > receivingLimit {
            // A peer that is not read from cannot finish its message: those that could go first.
            let unfinished = entries.filter { $0.value.usage.unfinished > 0 }
            let candidates = unfinished.contains { !$0.value.isHeld } ? unfinished.filter { !$0.value.isHeld } : unfinished
            guard let worst = candidates.max(by: { Self.receivingWeight($0, now) < Self.receivingWeight($1, now) }) else { break }
            let bytes = worst.value.usage.unfinished
            receiving -= bytes
            entries[worst.key]?.usage.unfinished = 0
            decisions.append(.cut(worst.key, .receiveMemoryFull(bytes: bytes, limit: receivingLimit)))
        }
        while sending > sendingLimit {
            guard let worst = slowest(now), worst.value.usage.sending > 0 else { break }
            decisions.append(cutSending(worst.key, worst.value.usage.sending))
        }
        return decisions
    }

    private func slowest(_ now: Duration) -> (key: PeerID, value: Entry)? {
        entries.max { Self.sendingWeight($0, now) < Self.sendingWeight($1, now) }
    }

    private mutating func cutSending(_ peer: PeerID, _ bytes: Int) -> Decision {
        sending -= bytes
        entries[peer]?.usage.sending = 0
        entries[peer]?.usage.sendingSince = nil
        return .cut(peer, .sendMemoryFull(bytes: bytes, limit: sendingLimit))
    }

    private static func receivingWeight(_ entry: (key: PeerID, value: Entry), _ now: Duration) -> (Double, UInt64) {
        (weight(entry.value.usage.unfinished, since: entry.value.usage.unfinishedSince, now), entry.key.rawValue)
    }

    private static func sendingWeight(_ entry: (key: PeerID, value: Entry), _ now: Duration) -> (Double, UInt64) {
        (weight(entry.value.usage.sending, since: entry.value.usage.sendingSince, now), entry.key.rawValue)
    }

    /// Memory times the time for which it has been held. Where that is the same, the youngest connection goes.
    private static func weight(_ bytes: Int, since: Duration?, _ now: Duration) -> Double {
        let held = max(.zero, now - (since ?? now)).components
        // A second more for all, so that size alone decides among new ones.
        return Double(bytes) * (1 + Double(held.seconds) + Double(held.attoseconds) / 1e18)
    }
}
