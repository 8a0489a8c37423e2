import FlowCrypto

/// Which nodes are known, which of them are connected to without being told, and what is said of them to others. Pure: events,
/// seconds since 1970 and randomness come in, what to do comes out.
struct PeerDiscovery: Sendable {
    enum Action: Equatable, Sendable {
        /// Connect once; `connected`, or `failed`, is told of it.
        case connect(PeerEndpoint)
        case send(NetworkMessage, to: PeerID)
    }

    private struct Peer {
        let endpoint: PeerEndpoint
        let isInbound: Bool
        var hasAnsweredGetaddr = false
        /// When the own address is told next.
        var nextOwnAddress: UInt64
    }

    /// From one telling of the own address to the next, in seconds.
    static let ownAddressInterval: UInt64 = 86_400
    /// Longer messages answer a `getaddr`: their addresses are kept and not passed on.
    static let relayedAddresses = 10
    /// Peers that a fresh address is passed on to.
    static let relayPeers = 2
    /// Automatic connections of one net group at most.
    static let connectionsOfGroup = 2
    /// Attempts begun at once.
    private static let attemptsAtOnce = 2

    private(set) var book: AddressBook
    private let outbound: Int
    private let services: ServiceFlags
    private var random: SplitMix
    private var peers: [PeerID: Peer] = [:]
    /// Automatic connections, and those that are being tried.
    private var automatic: Set<PeerEndpoint> = []
    /// Places that turned out to be this node.
    private var own: Set<PeerEndpoint> = []

    /// - Parameters:
    ///   - outbound: connections to keep up to places of the book.
    ///   - services: those of this node, for its own address.
    ///   - own: places where others reach this node.
    init(book: AddressBook, outbound: Int, services: ServiceFlags, own: [PeerEndpoint], seed: UInt64) {
        self.book = book
        self.outbound = max(0, outbound)
        self.services = services
        self.own = Set(own.prefix(64).map(Self.canonical))
        for place in self.own { self.book.remove(place) }
        random = SplitMix(state: seed)
    }

    // MARK: What happens

    /// A handshake was completed.
    /// - Parameter place: this node, as far as this side of the connection shows it.
    mutating func connected(
        _ id: PeerID, _ endpoint: PeerEndpoint, isInbound: Bool, services: ServiceFlags, own place: PeerEndpoint?, now: UInt64
    ) -> [Action] {
        let endpoint = Self.canonical(endpoint)
        learnOwn(place)
        peers[id] = Peer(endpoint: endpoint, isInbound: isInbound, nextOwnAddress: now &+ Self.ownAddressInterval)
        var actions: [Action] = []
        if !isInbound {
            if let address = PeerAddress(endpoint, time: UInt32(clamping: now), services: services) { book.add([address], now: now) }
            book.succeeded(endpoint, services: services, now: now)
            if outbound > 0 { actions.append(.send(.getaddr, to: id)) }
        }
        return actions + tellOwnAddress(to: id, now: now)
    }

    /// A connection ended, or was never made.
    /// - Parameter automatic: the place that `connect` asked for, where it did.
    mutating func ended(_ id: PeerID?, automatic place: PeerEndpoint?) {
        if let id { peers[id] = nil }
        if let place { automatic.remove(place) }
    }

    /// Takes a place that nobody told.
    /// - Returns: whether it is news
    mutating func learn(_ address: PeerAddress, now: UInt64) -> Bool {
        guard let endpoint = address.endpoint, !own.contains(endpoint) else { return false }
        return !book.add([address], now: now).isEmpty
    }

    /// A place turned out to be this node.
    mutating func isOwn(_ place: PeerEndpoint) { learnOwn(place, anyway: true) }

    /// Takes `addr` and `getaddr`.
    mutating func received(_ message: NetworkMessage, from id: PeerID, now: UInt64) -> [Action] {
        switch message {
        case .getaddr:
            // Answered to those who came, once: who asks again, or whom this node chose, learns nothing of how the book changes.
            guard let peer = peers[id], peer.isInbound, !peer.hasAnsweredGetaddr else { return [] }
            peers[id]?.hasAnsweredGetaddr = true
            return [.send(.addr(book.sample(now: now, using: &random)), to: id)]
        case .addr(let addresses):
            let fresh = book.add(addresses.filter { $0.endpoint.map { !own.contains($0) } ?? false }, now: now)
            guard addresses.count <= Self.relayedAddresses else { return [] }
            return relay(fresh.filter { UInt64($0.time) &+ 600 >= now }, from: id)
        default: return []
        }
    }

    /// Lets time pass; call about once a second.
    /// - Parameter busy: places that are connected or kept connected otherwise.
    mutating func tick(busy: some Sequence<PeerEndpoint>, now: UInt64) -> [Action] {
        var actions: [Action] = []
        var taken = Set(busy.map(Self.canonical)).union(automatic).union(own)
        for _ in 0..<Self.attemptsAtOnce where automatic.count < outbound {
            let groups = Dictionary(grouping: automatic) { NetGroup.of($0.host) }
            let full = groups.values.filter { $0.count >= Self.connectionsOfGroup }.compactMap(\.first?.host)
            guard let place = book.candidate(avoiding: taken, full: full, now: now, using: &random) else { break }
            book.tried(place, now: now)
            automatic.insert(place)
            taken.insert(place)
            actions.append(.connect(place))
        }
        for (id, peer) in peers.sorted(by: { $0.key < $1.key }) where peer.nextOwnAddress <= now {
            peers[id]?.nextOwnAddress = now &+ Self.ownAddressInterval
            actions += tellOwnAddress(to: id, now: now)
        }
        return actions
    }

    /// A place as the book spells it.
    private static func canonical(_ endpoint: PeerEndpoint) -> PeerEndpoint {
        PeerAddress(endpoint, time: 0, services: [])?.endpoint ?? endpoint
    }

    // MARK: Telling

    private func tellOwnAddress(to id: PeerID, now: UInt64) -> [Action] {
        let places = own.sorted { $0.description < $1.description }.compactMap {
            PeerAddress($0, time: UInt32(clamping: now), services: services)
        }.filter { book.takesUnroutable || $0.isRoutable }
        return places.isEmpty ? [] : [.send(.addr(Array(places.prefix(Self.relayedAddresses))), to: id)]
    }

    private mutating func relay(_ addresses: [PeerAddress], from sender: PeerID) -> [Action] {
        guard !addresses.isEmpty else { return [] }
        let others = peers.keys.filter { $0 != sender }.sorted().shuffled(using: &random)
        return others.prefix(Self.relayPeers).sorted().map { .send(.addr(addresses), to: $0) }
    }

    private mutating func learnOwn(_ place: PeerEndpoint?, anyway: Bool = false) {
        guard let place = place.map(Self.canonical), own.count < 64, !own.contains(place),
            let address = PeerAddress(place, time: 0, services: []), anyway || book.takesUnroutable || address.isRoutable
        else { return }
        own.insert(place)
        book.remove(place)
    }
}

/// Numbers from a seed: which address is chosen or told need not be secret from the seed's owner.
private struct SplitMix: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
