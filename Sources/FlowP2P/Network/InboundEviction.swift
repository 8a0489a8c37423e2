import FlowCrypto

/// Who leaves when all places for inbound connections are taken and somebody new comes: Bitcoin Core's choice
/// (`SelectNodeToEvict`). Pure.
///
/// Connections are protected that an attacker cannot have many of at once: some by net group under a secret key, some with the
/// shortest pings, some that last brought a new transaction or block, and half of the rest by age. Of those left the youngest
/// of the most populous net group goes.
enum InboundEviction {
    /// An inbound connection, as the choice sees it.
    struct Candidate: Sendable {
        let id: PeerID
        /// On the steadily growing clock, as are the two times below.
        let connectedAt: Duration
        /// What one operator usually has: `NetGroup.of`.
        let group: [UInt8]
        var shortestPing: Duration?
        /// When the peer last brought a block, or a transaction, that was new and right.
        var lastBlock: Duration?
        var lastTransaction: Duration?
    }

    static let protectedByGroup = 4
    static let protectedByPing = 8
    static let protectedByTransaction = 4
    static let protectedByBlock = 4

    /// Who leaves; nil where all are protected.
    /// - Parameter key: secret and the same for a run, so that nobody can choose addresses that are protected.
    static func victim(among candidates: [Candidate], key: [UInt8]) -> PeerID? {
        var left = candidates
        // The dearest first in each order; the older one where they are equal.
        protect(protectedByGroup, &left, by: { Keccak256.hash(key + $0.group).bytes }) { $0.lexicographicallyPrecedes($1) }
        protect(protectedByPing, &left, by: \.shortestPing) { isBefore($0, $1, <) }
        protect(protectedByTransaction, &left, by: \.lastTransaction) { isBefore($0, $1, >) }
        protect(protectedByBlock, &left, by: \.lastBlock) { isBefore($0, $1, >) }
        protect(left.count / 2, &left, by: \.connectedAt, <)
        let groups = Dictionary(grouping: left, by: \.group)
        let youngest = groups.values.compactMap { members in
            members.max { isOlder($0, $1) }.map { (count: members.count, peer: $0) }
        }
        return youngest.max { ($0.count, $0.peer.id) < ($1.count, $1.peer.id) }?.peer.id
    }

    /// An order in which nil comes last.
    private static func isBefore(_ first: Duration?, _ second: Duration?, _ order: (Duration, Duration) -> Bool) -> Bool {
        guard let first, let second else { return first != nil && second == nil }
        return order(first, second)
    }

    private static func isOlder(_ first: Candidate, _ second: Candidate) -> Bool {
        (first.connectedAt, first.id) < (second.connectedAt, second.id)
    }

    private static func protect<Value>(
        _ count: Int, _ left: inout [Candidate], by value: (Candidate) -> Value, _ isDearer: (Value, Value) -> Bool
    ) {
        let valued = left.map { ($0, value($0)) }
        left = valued.sorted { first, second in
            if isDearer(first.1, second.1) { return true }
            if isDearer(second.1, first.1) { return false }
            return isOlder(first.0, second.0)
        }.dropFirst(count).map(\.0)
    }
}
