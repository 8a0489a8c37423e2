public import FlowCrypto

/// Decides which peer is asked for which block, headers-first: the hashes are known in their order, any peer whose chain
/// reaches a height may be asked for its block. Pure: time comes in as a parameter, requests come out.
public struct RequestScheduler: Sendable {
    public struct Configuration: Sendable {
        /// Blocks asked of one peer at a time.
        public var inFlightPerPeer = ProtocolLimits.blocksInFlight
        /// How far ahead of the lowest missing block others are asked for.
        public var window: UInt32 = 1_024
        /// From a request to asking another peer; doubled with each retry of the same block.
        public var timeout: Duration = .seconds(60)
        public var longestTimeout: Duration = .seconds(600)
        /// How long the peer that holds up the whole window may take when nothing else can be asked for.
        public var stallingTimeout: Duration = .seconds(2)
        /// Timeouts in a row after which a peer should be cut off.
        public var strikes = 3
        /// Pause before a block that every peer refused is asked for again.
        public var retryPause: Duration = .seconds(10)

        public init() {}
    }

    /// Ask this peer for these blocks, in this order.
    public struct Request: Equatable, Sendable {
        public let peer: PeerID
        public let hashes: [Hash256]

        public init(peer: PeerID, hashes: [Hash256]) {
            self.peer = peer
            self.hashes = hashes
        }
    }

    /// What came of a block that arrived.
    public enum Arrival: Equatable, Sendable {
        /// It was asked of this peer.
        case requested
        /// It is wanted, but was not asked of this peer.
        case unrequested
        /// Nobody wants it.
        case unwanted
    }

    private struct Block {
        let height: UInt32
        var peer: PeerID?
        var deadline: Duration = .zero
        var askedAt: Duration = .zero
        var attempts = 0
        /// Peers that do not have it or did not send it.
        var refusedBy: Set<PeerID> = []
    }

    private struct Peer {
        var height: UInt32
        var inFlight: Set<Hash256> = []
        var strikes = 0
    }

    public var configuration: Configuration
    private var blocks: [Hash256: Block] = [:]
    private var peers: [PeerID: Peer] = [:]
    /// Wanted hashes in the order of their heights; entries whose block has arrived stay until they are at the front.
    private var queue: [Hash256] = []
    private var front = 0

    public init(configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// Blocks that are wanted and have not arrived.
    public var wantedCount: Int { blocks.count }
    /// Blocks that were asked for and have not arrived.
    public var inFlightCount: Int { peers.values.reduce(0) { $0 + $1.inFlight.count } }
    public func isWanted(_ hash: Hash256) -> Bool { blocks[hash] != nil }
    public func inFlightCount(of peer: PeerID) -> Int { peers[peer]?.inFlight.count ?? 0 }

    // MARK: What is there

    /// Adds a peer, or tells how far its chain reaches.
    public mutating func setPeer(_ peer: PeerID, height: UInt32) { peers[peer, default: Peer(height: height)].height = height }

    /// Forgets a peer; what it was asked for is asked of others.
    public mutating func removePeer(_ peer: PeerID) {
        guard let gone = peers.removeValue(forKey: peer) else { return }
        for hash in gone.inFlight { free(hash) }
        for hash in blocks.keys { blocks[hash]?.refusedBy.remove(peer) }
    }

    /// Adds blocks that are wanted, with their heights; those already wanted stay as they are.
    public mutating func want(_ wanted: some Sequence<(hash: Hash256, height: UInt32)>) {
        var needsSorting = false
        for (hash, height) in wanted where blocks[hash] == nil {
            if let last = queue.last, queue.count > front, let lastHeight = blocks[last]?.height, lastHeight > height {
                needsSorting = true
            }
            blocks[hash] = Block(height: height)
            queue.append(hash)
        }
        if needsSorting || queue.count > 2 * blocks.count + 4_096 { rebuild() }
    }

    /// Forgets a block that is no longer wanted, for example on a branch that lost.
    public mutating func forget(_ hash: Hash256) { remove(hash) }

    /// Forgets all wanted blocks.
    public mutating func forgetAll() {
        for hash in blocks.keys { remove(hash) }
        queue = []
        front = 0
    }

    // MARK: What happens

    /// A block came from a peer.
    public mutating func received(_ hash: Hash256, from peer: PeerID) -> Arrival {
        guard blocks[hash] != nil else { return .unwanted }
        let wasAsked = peers[peer]?.inFlight.contains(hash) ?? false
        if wasAsked { peers[peer]?.strikes = 0 }
        remove(hash)
        return wasAsked ? .requested : .unrequested
    }

    /// A peer says that it does not have a block.
    public mutating func notFound(_ hash: Hash256, from peer: PeerID) {
        guard peers[peer]?.inFlight.contains(hash) == true else { return }
        blocks[hash]?.refusedBy.insert(peer)
        free(hash)
    }

    /// The requests to send now.
    public mutating func requests(now: Duration) -> [Request] {
        while front < queue.count, blocks[queue[front]] == nil { front += 1 }
        guard front < queue.count, let lowest = blocks[queue[front]]?.height else { return [] }
        let (highest, overflow) = lowest.addingReportingOverflow(configuration.window)
        var capacity = peers.values.reduce(0) { $0 + max(0, configuration.inFlightPerPeer - $1.inFlight.count) }
        var assigned: [PeerID: [Hash256]] = [:]
        var order: [PeerID] = []
        for hash in queue[front...] {
            guard capacity > 0 else { break }
            guard let block = blocks[hash] else { continue }
            guard overflow || block.height < highest else { break }
            guard block.peer == nil, let peer = bestPeer(for: block, now: now) else { continue }
            ask(peer, for: hash, now: now)
            capacity -= 1
            if assigned[peer] == nil { order.append(peer) }
            assigned[peer, default: []].append(hash)
        }
        return order.map { Request(peer: $0, hashes: assigned[$0] ?? []) }
    }

    /// Takes back what took too long, so that the next `requests` asks other peers.
    /// - Returns: peers to cut off: those that timed out several times in a row, and the one that stalls the window.
    public mutating func expire(now: Duration) -> [PeerID] {
        var bad: Set<PeerID> = []
        var late: Set<PeerID> = []
        for (hash, block) in blocks {
            guard let peer = block.peer, now >= block.deadline else { continue }
            blocks[hash]?.refusedBy.insert(peer)
            free(hash)
            late.insert(peer)
        }
        for peer in late {
            peers[peer]?.strikes += 1
            if (peers[peer]?.strikes ?? 0) >= configuration.strikes { bad.insert(peer) }
        }
        if let staller = stallingPeer(now: now) { bad.insert(staller) }
        return bad.sorted()
    }

    // MARK: Inside

    /// The peer that holds the lowest block while all others of the window have arrived and more are wanted behind it.
    private func stallingPeer(now: Duration) -> PeerID? {
        guard let hash = queue[min(front, queue.count)...].first(where: { blocks[$0] != nil }), let block = blocks[hash],
            let peer = block.peer, now - block.askedAt >= configuration.stallingTimeout, peers.count > 1
        else { return nil }
        let (highest, overflow) = block.height.addingReportingOverflow(configuration.window)
        guard !overflow else { return nil }
        var wantedBehind = false
        for other in queue[front...] {
            guard let candidate = blocks[other] else { continue }
            if candidate.height >= highest {
                wantedBehind = true
                break
            }
            if candidate.peer != peer { return nil }
        }
        return wantedBehind ? peer : nil
    }

    private func bestPeer(for block: Block, now: Duration) -> PeerID? {
        var best: (id: PeerID, load: Int, strikes: Int)?
        var refused: (id: PeerID, load: Int)?
        for (id, peer) in peers {
            let load = peer.inFlight.count
            guard load < configuration.inFlightPerPeer, peer.height >= block.height else { continue }
            if block.refusedBy.contains(id) {
                if refused.map({ (load, id) < ($0.load, $0.id) }) ?? true { refused = (id, load) }
            } else if best.map({ (peer.strikes, load, id) < ($0.strikes, $0.load, $0.id) }) ?? true {
                best = (id, load, peer.strikes)
            }
        }
        if let best { return best.id }
        // Whoever failed is asked again only when every peer that could have it has failed, and not at once.
        guard now - block.askedAt >= configuration.retryPause else { return nil }
        let everyoneRefused = peers.allSatisfy { $0.value.height < block.height || block.refusedBy.contains($0.key) }
        return everyoneRefused ? refused?.id : nil
    }

    private mutating func ask(_ peer: PeerID, for hash: Hash256, now: Duration) {
        peers[peer]?.inFlight.insert(hash)
        let attempts = blocks[hash]?.attempts ?? 0
        let patience = min(configuration.timeout * (1 << min(attempts, 10)), configuration.longestTimeout)
        blocks[hash]?.peer = peer
        blocks[hash]?.askedAt = now
        blocks[hash]?.deadline = now + patience
        blocks[hash]?.attempts = attempts + 1
    }

    private mutating func free(_ hash: Hash256) {
        if let peer = blocks[hash]?.peer { peers[peer]?.inFlight.remove(hash) }
        blocks[hash]?.peer = nil
    }

    private mutating func remove(_ hash: Hash256) {
        free(hash)
        blocks[hash] = nil
    }

    private mutating func rebuild() {
        front = 0
        queue = blocks.keys.sorted { left, right in
            let (a, b) = (blocks[left]?.height ?? 0, blocks[right]?.height ?? 0)
            return a != b ? a < b : left < right
        }
    }
}
