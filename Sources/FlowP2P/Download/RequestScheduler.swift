public import FlowCrypto

/// Keeps account of which block was asked of which peer. What is wanted, and in which order, the chain says; this value says who
/// may be asked for it: one peer at a time, another one beside it as soon as the first is slow, and nobody twice who does not
/// have it. Pure: time comes in as a parameter.
public struct RequestScheduler: Sendable {
    public struct Configuration: Sendable {
        /// Blocks asked of one peer at a time.
        var inFlightPerPeer = ProtocolLimits.blocksInFlight
        /// From a request, or the last block that the peer sent, to asking another peer beside it.
        public var patience: Duration = .seconds(2)
        /// Peers that are asked for one block at a time.
        var peersPerBlock = 3
        /// From a request, or the last block that the peer sent, to giving it up.
        public var timeout: Duration = .seconds(60)
        /// Blocks given up in a row after which a peer should be cut off.
        var strikes = 3
        /// Until a peer that did not have a block, or did not send it, is asked for it again.
        var retryPause: Duration = .seconds(60)

        public init() {}
    }

    private struct Peer {
        /// When each block was asked for.
        var inFlight: [Hash256: Duration] = [:]
        var lastArrival: Duration = .zero
        var strikes = 0
        /// Blocks that it did not have or did not send, and until when it is not asked for them again.
        var refused: [Hash256: Duration] = [:]
    }

    public var configuration: Configuration
    private var peers: [PeerID: Peer] = [:]
    private var askers: [Hash256: Set<PeerID>] = [:]
    /// Refusals of one peer that are remembered.
    private static let refusals = 1_024

    public init(configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// Blocks that were asked for and have not arrived.
    var inFlightCount: Int { askers.count }
    func inFlightCount(of peer: PeerID) -> Int { peers[peer]?.inFlight.count ?? 0 }

    /// How many blocks more may be asked of a peer.
    public func room(of peer: PeerID) -> Int { max(0, configuration.inFlightPerPeer - inFlightCount(of: peer)) }

    /// Whether a peer may be asked for a block now.
    public func mayAsk(_ peer: PeerID, for hash: Hash256, now: Duration) -> Bool {
        if let until = peers[peer]?.refused[hash], now < until { return false }
        guard let others = askers[hash] else { return true }
        return !others.contains(peer) && others.count < configuration.peersPerBlock
            && others.allSatisfy { waiting($0, hash, now: now) >= configuration.patience }
    }

    /// How long a peer has sent nothing since it was asked for a block.
    private func waiting(_ peer: PeerID, _ hash: Hash256, now: Duration) -> Duration {
        guard let state = peers[peer], let asked = state.inFlight[hash] else { return .zero }
        return now - max(asked, state.lastArrival)
    }

    // MARK: What happens

    /// A peer is asked for a block.
    public mutating func asked(_ peer: PeerID, for hash: Hash256, now: Duration) {
        peers[peer, default: Peer()].inFlight[hash] = now
        askers[hash, default: []].insert(peer)
    }

    /// A block came from a peer: nobody else needs to send it.
    ///
    /// - Returns: whether it was asked of this peer.
    @discardableResult
    public mutating func received(_ hash: Hash256, from peer: PeerID, now: Duration) -> Bool {
        let wasAsked = peers[peer]?.inFlight[hash] != nil
        if wasAsked {
            peers[peer]?.lastArrival = now
            peers[peer]?.strikes = 0
        }
        for other in askers.removeValue(forKey: hash) ?? [] { peers[other]?.inFlight[hash] = nil }
        return wasAsked
    }

    /// A peer says that it does not have a block.
    public mutating func notFound(_ hash: Hash256, from peer: PeerID, now: Duration) {
        guard peers[peer]?.inFlight[hash] != nil else { return }
        giveUp(hash, peer, now: now)
    }

    /// Forgets a peer; what it was asked for is asked of others.
    public mutating func removePeer(_ peer: PeerID) {
        guard let gone = peers.removeValue(forKey: peer) else { return }
        for hash in gone.inFlight.keys { free(hash, peer) }
    }

    /// Takes back what took too long.
    ///
    /// - Returns: peers to cut off: those that failed to send several blocks in a row.
    public mutating func expire(now: Duration) -> [PeerID] {
        var bad: [PeerID] = []
        for peer in peers.keys.sorted() {
            let late = (peers[peer]?.inFlight.keys).map { $0.filter { waiting(peer, $0, now: now) >= configuration.timeout } } ?? []
            guard !late.isEmpty else { continue }
            for hash in late { giveUp(hash, peer, now: now) }
            peers[peer]?.strikes += 1
            if (peers[peer]?.strikes ?? 0) >= configuration.strikes { bad.append(peer) }
        }
        return bad
    }

    private mutating func giveUp(_ hash: Hash256, _ peer: PeerID, now: Duration) {
        peers[peer]?.inFlight[hash] = nil
        free(hash, peer)
        if let refused = peers[peer]?.refused, refused.count >= Self.refusals {
            peers[peer]?.refused = refused.filter { $0.value > now }
            if (peers[peer]?.refused.count ?? 0) >= Self.refusals { peers[peer]?.refused = [:] }
        }
        peers[peer]?.refused[hash] = now + configuration.retryPause
    }

    private mutating func free(_ hash: Hash256, _ peer: PeerID) {
        askers[hash]?.remove(peer)
        if askers[hash]?.isEmpty == true { askers[hash] = nil }
    }
}
