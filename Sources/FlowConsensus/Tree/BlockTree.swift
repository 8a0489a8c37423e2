public import FlowCrypto

/// Every block that a node has heard of, and which branch it follows: the one with the most work that it has replayed itself;
/// of equals, the one it replayed first.
///
/// A header is cheap to forge here (one hash for a false `deltaHash`), so what headers claim decides only what is fetched and
/// replayed next, never what is followed, and what nobody has replayed is bounded: in number and in bytes, for each peer and in
/// all. A header stays only as long as a peer that is still connected claims a branch through it; when there is no room, the peer
/// that claims most gives way first.
///
/// A pure value. The node tells it what happened (`accept`, `hold`, `replayed`, `condemn`, `remove`) and asks what to do
/// (`nextMove`, `nextReplay`, `missingBodies`); time comes in as a parameter. What it knows of unreplayed blocks is not meant to
/// outlive the process.
public struct BlockTree: Sendable {
    /// Who claims a branch: the number of a peer, or the node's own user.
    public struct Announcer: Hashable, Comparable, Sendable {
        public let rawValue: UInt64

        public init(rawValue: UInt64) { self.rawValue = rawValue }

        /// Blocks of this process: mined, or handed over by its operator.
        public static let local = Announcer(rawValue: .max)

        public static func < (left: Announcer, right: Announcer) -> Bool { left.rawValue < right.rawValue }
    }

    /// How much of what nobody has replayed is kept.
    public struct Limits: Hashable, Sendable {
        /// Headers in all. A header takes about 350 bytes.
        public var headers = 8_192
        /// Headers of one branch of one peer.
        public var headersPerBranch = 4_096
        /// Branches of one peer; the one that claims least gives way.
        var branchesPerPeer = 8
        /// Bytes of bodies in all, and of one peer, at which no more are asked of it. A small body counts as `leastBodyBytes`.
        var bodyBytes = 32 << 20
        var bodyBytesPerPeer = 8 << 20
        var leastBodyBytes = 16 << 10
        /// How far above the lowest missing body of a branch others are fetched.
        var downloadWindow: UInt32 = 1_024
        /// Headers that are ahead of the clock and wait until they are due.
        var earlyHeaders = 64
        /// Hashes of invalid blocks that are remembered.
        public var condemned = 4_096

        public init() {}
    }

    /// What is known of one block.
    struct Node: Sendable {
        let hash: Hash256
        let header: BlockHeader
        let work: ChainWork
        let parent: Int32
        /// An ancestor further down, as in Bitcoin's skip list, so that any height is reached in few hops.
        let skip: Int32
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
        /// Children, and branches of peers that end here. An unreplayed block without any is forgotten.
        var references: Int32 = 0
        var isReplayed = false
        /// In which order blocks were replayed; breaks ties of work.
        var replayOrder: UInt64 = 0
        var resultRoot: Hash256?
    }

    struct Peer: Sendable {
        /// The last blocks of the branches that it claims, none of them replayed.
        var leaves: [Int32] = []
        var heldBytes = 0
        /// Whether a block that it delivered proved right, and none after it proved false.
        var isProven = false
        /// The number of the last replay on its behalf.
        var lastServed: UInt64 = 0
    }

    /// A body that waits for its replay.
    public struct HeldBody: Sendable {
        /// The whole block as it was encoded.
        public let bytes: [UInt8]
        /// Who delivered it.
        public let source: Announcer
        let cost: Int
    }

    /// A block that breaks a rule.
    public struct Condemned: Hashable, Sendable {
        public let header: BlockHeader
        /// Identifier and text of the rule.
        public let reason: String
        /// The identifier of the broken rule, with which the reason begins.
        public var rule: String { String(reason.prefix { $0 != ":" }) }
    }

    public let limits: Limits
    public let genesisHash: Hash256
    let validator: BlockValidator

    var nodes: [Node] = []
    private var vacant: [Int32] = []
    var places: [Hash256: Int32] = [:]
    /// The connected chain by height.
    var active: [Int32] = []
    /// The replayed block with the most work; of equals the one that was replayed first.
    var best: Int32 = 0
    var peers: [Announcer: Peer] = [:]
    var bodies: [Hash256: HeldBody] = [:]
    var heldBytes = 0
    var condemnations: [Hash256: Condemned] = [:]
    private var condemnationOrder: [Hash256] = []
    private var early: [(header: BlockHeader, announcer: Announcer)] = []
    /// Blocks that this machine could not judge, with the reason; they wait until they are tried again.
    var suspended: [Hash256: String] = [:]
    /// The block that is being replayed: it stays although nobody claims it any more, so that no work is lost.
    private var replaying: Int32?
    private var replayCount: UInt64 = 0
    var turn: UInt64 = 0
    private(set) var unreplayedCount = 0

    /// Knows the genesis block only, which counts as replayed and connected.
    public init(validator: BlockValidator, limits: Limits = Limits()) {
        self.limits = limits
        self.validator = validator
        let header = validator.parameters.genesisBlock.header
        genesisHash = validator.genesisHash
        nodes.append(
            Node(
                hash: genesisHash, header: header, work: ChainWork(of: header.bits), parent: -1, skip: -1,
                isReplayed: true, resultRoot: validator.parameters.genesisModelRoot))
        places[genesisHash] = 0
        active = [0]
    }

    // MARK: A stored chain

    /// A block that the node replayed in an earlier run.
    public struct Restored: Sendable {
        public let hash: Hash256
        public let header: BlockHeader
        public let resultRoot: Hash256
        /// In which order the blocks were replayed.
        public let replayOrder: UInt64

        public init(hash: Hash256, header: BlockHeader, resultRoot: Hash256, replayOrder: UInt64) {
            self.hash = hash
            self.header = header
            self.resultRoot = resultRoot
            self.replayOrder = replayOrder
        }
    }

    /// Takes up what an earlier run stored. Blocks that do not lead back to the genesis block are left out.
    ///
    /// - Parameter tip: the last block of the connected chain.
    /// - Returns: false when `tip` is not among the blocks.
    public mutating func restore(_ blocks: [Restored], tip: Hash256) -> Bool {
        _ = add(blocks)
        guard let place = places[tip] else { return false }
        active = path(to: place)
        findBest()
        return true
    }

    /// Takes blocks up again that were replayed before and forgotten since: those of a branch that is reconsidered. Known and condemned ones, and
    /// those on condemned ones, are left out.
    ///
    /// - Returns: the hashes of those that were taken.
    public mutating func restore(_ blocks: [Restored]) -> [Hash256] {
        let taken = add(blocks.filter { condemnations[$0.hash] == nil })
        if !taken.isEmpty { findBest() }
        return taken
    }

    private mutating func add(_ blocks: [Restored]) -> [Hash256] {
        var taken: [Hash256] = []
        for block in blocks.sorted(by: { ($0.header.height, $0.replayOrder) < ($1.header.height, $1.replayOrder) }) {
            guard places[block.hash] == nil, let parent = places[block.header.previousHash], nodes[Int(parent)].isReplayed,
                block.header.height == nodes[Int(parent)].header.height &+ 1
            else { continue }
            let place = add(block.header, hash: block.hash, parent: parent)
            settleReplay(place, root: block.resultRoot, order: block.replayOrder)
            taken.append(block.hash)
        }
        return taken
    }

    /// Prefers a replayed block to others of as much work, as if it had been replayed first.
    ///
    /// - Returns: false where it is not replayed, or has less work than the best one.
    public mutating func prefer(_ hash: Hash256) -> Bool {
        guard let place = places[hash], nodes[Int(place)].isReplayed, work(place) == work(best) else { return false }
        best = place
        return true
    }

    // MARK: Headers

    /// What became of headers.
    public struct HeaderOutcome: Sendable {
        /// How many were not known before.
        public var new = 0
        /// Why the first header that was not taken was not; nil when all were.
        public var refusal: Refusal?
    }

    /// Why a header was not taken.
    public enum Refusal: Error, Sendable, Equatable {
        /// Its parent is unknown.
        case unknownParent
        /// It does not build on the header before it.
        case brokenChain
        /// It breaks a rule.
        case violation(BlockViolation)
        /// It, or a block below it, is known to break a rule.
        case condemned(reason: String)
        /// It is too far ahead of the clock, and is kept until it is due.
        case early(due: UInt64)
        /// This peer's branch has as many unreplayed headers as are kept; more can be taken when the chain has moved on.
        case full
    }

    /// Takes headers in chain order. The first that cannot be taken ends it.
    ///
    /// - Parameter now: seconds since 1970.
    public mutating func accept(headers: [BlockHeader], from announcer: Announcer, now: UInt64) -> HeaderOutcome {
        var outcome = HeaderOutcome()
        var last: Int32?
        for header in headers {
            do throws(Refusal) {
                // Nothing but the last header's branch refers to the others.
                if let last, nodes[Int(last)].hash != header.previousHash { throw .brokenChain }
                let (place, isNew) = try accept(header, from: announcer, now: now)
                if isNew { outcome.new += 1 }
                last = place
            } catch {
                outcome.refusal = error
                break
            }
        }
        if let last { claim(last, by: announcer) }
        makeRoom()
        return outcome
    }

    private mutating func accept(
        _ header: BlockHeader, from announcer: Announcer, now: UInt64
    ) throws(Refusal) -> (place: Int32, isNew: Bool) {
        let hash = header.hash
        if let known = places[hash] { return (known, false) }
        if let condemned = condemnations[hash] { throw .condemned(reason: condemned.reason) }
        if let condemned = condemnations[header.previousHash] {
            throw .condemned(reason: "bad-parent-invalid: block \(header.previousHash) breaks \(condemned.reason)")
        }
        guard let parent = places[header.previousHash] else {
            if early.contains(where: { $0.header.hash == header.previousHash }) {
                keepEarly(header, announcer)
                throw .early(due: header.time - min(header.time, TimeRules.futureAllowance))
            }
            throw .unknownParent
        }
        do {
            try check(header, hash: hash, on: parent, now: now)
        } catch .violation(.timeTooNew) {
            keepEarly(header, announcer)
            throw .early(due: header.time - min(header.time, TimeRules.futureAllowance))
        }
        let base = replayedHeight(below: parent)
        guard header.height - base <= limits.headersPerBranch else { throw .full }
        return (add(header, hash: hash, parent: parent), true)
    }

    /// Checks a header by itself, on its branch, and against the clock.
    private func check(_ header: BlockHeader, hash: Hash256, on parent: Int32, now: UInt64) throws(Refusal) {
        do {
            try validator.checkHeader(header, hash: hash)
            try validator.checkContext(header, context: BranchContext(tree: self, place: parent))
            try validator.checkTime(header, now: now)
        } catch let violation as BlockViolation {
            throw .violation(violation)
        } catch {
            // A branch of this tree is whole, so the context cannot fail.
            throw .unknownParent
        }
    }

    private mutating func keepEarly(_ header: BlockHeader, _ announcer: Announcer) {
        guard !early.contains(where: { $0.header == header }) else { return }
        if early.count >= limits.earlyHeaders {
            // The fullest peer's last one goes, so that none keeps out the others.
            let counts = early.reduce(into: [Announcer: Int]()) { $0[$1.announcer, default: 0] += 1 }
            guard let fullest = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key, fullest != announcer,
                let index = early.lastIndex(where: { $0.announcer == fullest })
            else { return }
            early.remove(at: index)
        }
        early.append((header, announcer))
    }

    /// Takes the headers that were ahead of the clock and are due.
    ///
    /// - Returns: how many blocks are new.
    public mutating func retryEarly(now: UInt64) -> Int {
        guard !early.isEmpty else { return 0 }
        let waiting = early
        early = []
        var new = 0
        for (header, announcer) in waiting { new += accept(headers: [header], from: announcer, now: now).new }
        return new
    }

    // MARK: Nodes

    private mutating func add(_ header: BlockHeader, hash: Hash256, parent: Int32) -> Int32 {
        let below = nodes[Int(parent)]
        var node = Node(
            hash: hash, header: header, work: below.work.adding(ChainWork(of: header.bits)),
            parent: parent, skip: ancestor(of: parent, at: Self.skipHeight(header.height)) ?? parent)
        node.nextSibling = below.firstChild
        let place: Int32
        if let reused = vacant.popLast() {
            place = reused
            nodes[Int(place)] = node
        } else {
            place = Int32(truncatingIfNeeded: nodes.count)
            nodes.append(node)
        }
        nodes[Int(parent)].firstChild = place
        nodes[Int(parent)].references += 1
        places[hash] = place
        unreplayedCount += 1
        return place
    }

    /// Forgets an unreplayed block that nothing refers to, and then those below it.
    private mutating func forgetIfFree(_ start: Int32) {
        var place = start
        while place >= 0, nodes[Int(place)].references == 0, !nodes[Int(place)].isReplayed {
            let parent = nodes[Int(place)].parent
            forget(place)
            place = parent
        }
    }

    private mutating func forget(_ place: Int32) {
        let node = nodes[Int(place)]
        dropBody(node.hash)
        suspended[node.hash] = nil
        places[node.hash] = nil
        unlink(place, from: node.parent)
        vacant.append(place)
        unreplayedCount -= 1
    }

    private mutating func unlink(_ place: Int32, from parent: Int32) {
        if nodes[Int(parent)].firstChild == place {
            nodes[Int(parent)].firstChild = nodes[Int(place)].nextSibling
        } else {
            var sibling = nodes[Int(parent)].firstChild
            while sibling >= 0, nodes[Int(sibling)].nextSibling != place { sibling = nodes[Int(sibling)].nextSibling }
            if sibling >= 0 { nodes[Int(sibling)].nextSibling = nodes[Int(place)].nextSibling }
        }
        nodes[Int(parent)].references -= 1
    }

    // MARK: Claims

    /// A peer claims the branch that ends in a block.
    private mutating func claim(_ place: Int32, by announcer: Announcer) {
        guard !nodes[Int(place)].isReplayed else { return }
        let height = nodes[Int(place)].header.height
        var peer = peers[announcer] ?? Peer()
        for (index, leaf) in peer.leaves.enumerated() {
            if ancestor(of: leaf, at: height) == place { return }
            guard ancestor(of: place, at: nodes[Int(leaf)].header.height) == leaf else { continue }
            peer.leaves[index] = place
            peers[announcer] = peer
            nodes[Int(place)].references += 1
            release(leaf)
            return
        }
        nodes[Int(place)].references += 1
        var dropped: Int32?
        if peer.leaves.count >= limits.branchesPerPeer,
            let least = peer.leaves.indices.min(by: { work(peer.leaves[$0]) < work(peer.leaves[$1]) })
        {
            dropped = peer.leaves.remove(at: least)
        }
        peer.leaves.append(place)
        peers[announcer] = peer
        if let dropped { release(dropped) }
    }

    private mutating func release(_ leaf: Int32) {
        nodes[Int(leaf)].references -= 1
        forgetIfFree(leaf)
    }

    /// A peer is gone: what only it claimed is forgotten.
    public mutating func remove(_ announcer: Announcer) {
        guard let peer = peers.removeValue(forKey: announcer) else { return }
        early.removeAll { $0.announcer == announcer }
        for leaf in peer.leaves { release(leaf) }
    }

    /// Forgets the ends of the branches of whoever claims most, until no more headers are left than are kept.
    private mutating func makeRoom() {
        while unreplayedCount > limits.headers {
            let sizes = peers.mapValues { $0.leaves.reduce(0) { $0 + claimedLength($1) } }
            guard let fullest = sizes.max(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key, var peer = peers[fullest],
                let index = peer.leaves.indices.max(by: { claimedLength(peer.leaves[$0]) < claimedLength(peer.leaves[$1]) })
            else { return }
            let leaf = peer.leaves[index]
            let length = claimedLength(leaf)
            // A quarter of the branch at a time, so that a flood costs few rounds.
            if length > 1, let lower = ancestor(of: leaf, at: nodes[Int(leaf)].header.height - UInt32((length + 3) / 4)) {
                peer.leaves[index] = lower
                nodes[Int(lower)].references += 1
            } else {
                peer.leaves.remove(at: index)
            }
            peers[fullest] = peer
            release(leaf)
        }
    }

    /// How many unreplayed blocks a branch has.
    private func claimedLength(_ leaf: Int32) -> Int { Int(nodes[Int(leaf)].header.height) - Int(replayedHeight(below: leaf)) }

    func work(_ place: Int32) -> ChainWork { nodes[Int(place)].work }

    // MARK: Bodies

    /// Keeps a body whose cheap checks passed until it is replayed. Its header must have been accepted.
    ///
    /// - Returns: false when there was no room for it: it may be fetched again.
    public mutating func hold(_ bytes: [UInt8], of hash: Hash256, from source: Announcer) -> Bool {
        guard let place = places[hash], !nodes[Int(place)].isReplayed, bodies[hash] == nil else { return false }
        let cost = max(bytes.count, limits.leastBodyBytes)
        bodies[hash] = HeldBody(bytes: bytes, source: source, cost: cost)
        heldBytes += cost
        peers[source, default: Peer()].heldBytes += cost
        while heldBytes > limits.bodyBytes {
            // The fullest peer's body that will be replayed last makes room; the user's own stay.
            let others = peers.filter { $0.key != .local && $0.value.heldBytes > 0 }
            guard let fullest = others.max(by: { ($0.value.heldBytes, $0.key) < ($1.value.heldBytes, $1.key) })?.key,
                let last = bodies.filter({ $0.value.source == fullest }).keys.max(by: { isReplayedEarlier($0, $1) })
            else { break }
            dropBody(last)
        }
        return bodies[hash] != nil
    }

    private func isReplayedEarlier(_ first: Hash256, _ second: Hash256) -> Bool {
        let (left, right) = (places[first].map { nodes[Int($0)].header.height } ?? 0, places[second].map { nodes[Int($0)].header.height } ?? 0)
        return left != right ? left < right : first.bytes.lexicographicallyPrecedes(second.bytes)
    }

    mutating func dropBody(_ hash: Hash256) {
        guard let body = bodies.removeValue(forKey: hash) else { return }
        heldBytes -= body.cost
        peers[body.source]?.heldBytes -= body.cost
    }

    /// The body that waits for the replay of a block.
    public func body(_ hash: Hash256) -> HeldBody? { bodies[hash] }

    // MARK: Replays

    /// Keeps the block that is being replayed.
    mutating func beginReplay(of place: Int32) {
        endReplay()
        replaying = place
        nodes[Int(place)].references += 1
    }

    /// The replay that `nextReplay` asked for is over, whatever came of it.
    public mutating func endReplay() {
        guard let place = replaying else { return }
        replaying = nil
        release(place)
    }

    // MARK: Verdicts

    /// A block's training, and all below it, is right.
    ///
    /// - Parameter root: of the weights that the next block starts from.
    public mutating func replayed(_ hash: Hash256, root: Hash256) {
        guard let place = places[hash], !nodes[Int(place)].isReplayed, nodes[Int(nodes[Int(place)].parent)].isReplayed else { return }
        replayCount += 1
        if let body = bodies[hash], body.source != .local { peers[body.source]?.isProven = true }
        dropBody(hash)
        settleReplay(place, root: root, order: replayCount)
        if isBetter(place, than: best) { best = place }
        // Children whose header was taken before this result was known may name another root.
        for child in children(of: place) where nodes[Int(child)].header.modelRoot != root {
            let violation = BlockViolation.modelRoot(expected: root, actual: nodes[Int(child)].header.modelRoot)
            condemn(nodes[Int(child)].hash, reason: "\(violation.identifier): \(violation)")
        }
    }

    /// The number that the next replayed block gets.
    public var nextReplayOrder: UInt64 { replayCount + 1 }

    private mutating func settleReplay(_ place: Int32, root: Hash256, order: UInt64) {
        nodes[Int(place)].isReplayed = true
        nodes[Int(place)].resultRoot = root
        nodes[Int(place)].replayOrder = order
        replayCount = max(replayCount, order)
        suspended[nodes[Int(place)].hash] = nil
        unreplayedCount -= 1
        for (announcer, peer) in peers {
            guard let index = peer.leaves.firstIndex(of: place) else { continue }
            peers[announcer]?.leaves.remove(at: index)
            nodes[Int(place)].references -= 1
        }
    }

    private func isBetter(_ left: Int32, than right: Int32) -> Bool {
        let (a, b) = (nodes[Int(left)], nodes[Int(right)])
        return a.work != b.work ? a.work > b.work : a.replayOrder < b.replayOrder
    }

    private mutating func findBest() {
        // Among equals the tip that is followed stays.
        let tip = active.last ?? 0
        best = tip
        for place in places.values where nodes[Int(place)].isReplayed && work(place) > work(tip) {
            if best == tip || isBetter(place, than: best) { best = place }
        }
    }

    /// A block breaks a rule, and so does all that builds on it: they are forgotten but for their hashes. The genesis block and
    /// blocks of the connected chain stay; the node disconnects those first.
    ///
    /// - Returns: the hashes of all blocks that are gone, parents before children.
    @discardableResult
    public mutating func condemn(_ hash: Hash256, reason: String) -> [Hash256] {
        guard let place = places[hash], !isActive(place) else { return [] }
        let gone = subtree(of: place)
        let lost = Set(gone)
        let parent = nodes[Int(place)].parent
        if let body = bodies[hash], body.source != .local { peers[body.source]?.isProven = false }
        for (announcer, peer) in peers where peer.leaves.contains(where: { lost.contains($0) }) {
            peers[announcer]?.leaves.removeAll { lost.contains($0) }
            // What it claims below stays claimed.
            claim(parent, by: announcer)
        }
        let inherited = "bad-parent-invalid: ancestor \(hash) breaks \(reason.prefix(200))"
        var hashes: [Hash256] = []
        let losesBest = lost.contains(best)
        if let place = replaying, lost.contains(place) { replaying = nil }
        for bad in gone.reversed() {
            let node = nodes[Int(bad)]
            hashes.append(node.hash)
            remember(node.hash, Condemned(header: node.header, reason: bad == place ? String(reason.prefix(1_000)) : inherited))
            if node.isReplayed { unreplayedCount += 1 }
            forget(bad)
        }
        forgetIfFree(parent)
        if losesBest { findBest() }
        return hashes.reversed()
    }

    /// Forgets a replayed block beside the connected chain, and all that builds on it, without blaming it: its data are gone.
    public mutating func prune(_ hash: Hash256) {
        guard let place = places[hash], !isActive(place) else { return }
        let gone = subtree(of: place)
        let lost = Set(gone)
        for announcer in peers.keys { peers[announcer]?.leaves.removeAll { lost.contains($0) } }
        let losesBest = lost.contains(best)
        if let place = replaying, lost.contains(place) { replaying = nil }
        for old in gone.reversed() {
            if nodes[Int(old)].isReplayed { unreplayedCount += 1 }
            forget(old)
        }
        if losesBest { findBest() }
    }

    private mutating func remember(_ hash: Hash256, _ condemned: Condemned) {
        if condemnations.updateValue(condemned, forKey: hash) == nil { condemnationOrder.append(hash) }
        guard condemnationOrder.count > limits.condemned else { return }
        for old in condemnationOrder.prefix(limits.condemned / 2) { condemnations[old] = nil }
        condemnationOrder.removeFirst(limits.condemned / 2)
    }

    /// The bodies that a peer delivered and no other peer claims are dropped: it delivered a block that proved false. Its
    /// branches stay claimed where others claim them.
    ///
    /// - Returns: the hashes of the bodies.
    public mutating func forfeit(_ announcer: Announcer) -> [Hash256] {
        let own = bodies.filter { $0.value.source == announcer }.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var gone: [Hash256] = []
        for hash in own where !isClaimed(hash, byOtherThan: announcer) {
            dropBody(hash)
            gone.append(hash)
        }
        if let peer = peers[announcer] {
            peers[announcer]?.leaves = []
            peers[announcer]?.isProven = false
            for leaf in peer.leaves { release(leaf) }
        }
        return gone
    }

    private func isClaimed(_ hash: Hash256, byOtherThan announcer: Announcer) -> Bool {
        guard let place = places[hash] else { return false }
        let height = nodes[Int(place)].header.height
        return peers.contains { $0.key != announcer && $0.value.leaves.contains { ancestor(of: $0, at: height) == place } }
    }

    /// This machine could not judge a block: it is left alone until `retrySuspended`.
    public mutating func suspend(_ hash: Hash256, reason: String) { if places[hash] != nil { suspended[hash] = reason } }

    /// Lets a block that could not be judged be tried again.
    public mutating func retry(_ hash: Hash256) { suspended[hash] = nil }

    /// Lets the blocks that could not be judged be tried again.
    public mutating func retrySuspended() { suspended = [:] }

    /// Lets a condemned block, and what was condemned because of it, be judged again.
    ///
    /// - Returns: false when the block is not known to break a rule.
    public mutating func reconsider(_ hash: Hash256) -> Bool {
        guard condemnations[hash] != nil else { return false }
        let inherited = "bad-parent-invalid: ancestor \(hash) "
        let again = condemnations.filter { $0.key == hash || $0.value.reason.hasPrefix(inherited) }.keys
        for other in again { condemnations[other] = nil }
        condemnationOrder.removeAll { condemnations[$0] == nil }
        return true
    }

    // MARK: The connected chain

    /// The next change of the connected chain; nil when its tip is the best block.
    public enum Move: Hashable, Sendable {
        /// Take the tip back.
        case disconnect(Hash256)
        /// Put a replayed block on the tip.
        case connect(Hash256)
    }

    /// What to do so that the best branch becomes the connected chain, one block at a time.
    public var nextMove: Move? {
        guard let tip = active.last, tip != best else { return nil }
        let fork = fork(of: best)
        if nodes[Int(fork)].header.height < nodes[Int(tip)].header.height { return .disconnect(nodes[Int(tip)].hash) }
        guard let next = ancestor(of: best, at: nodes[Int(tip)].header.height + 1) else { return nil }
        return .connect(nodes[Int(next)].hash)
    }

    /// A block was put on the tip.
    public mutating func connected(_ hash: Hash256) {
        guard let place = places[hash], nodes[Int(place)].parent == active.last else { return }
        active.append(place)
    }

    /// The tip was taken back.
    public mutating func disconnected(_ hash: Hash256) {
        guard active.count > 1, let tip = active.last, nodes[Int(tip)].hash == hash else { return }
        active.removeLast()
    }
}
