public import FlowCrypto

extension BlockTree {
    /// What the tree knows of a block.
    public struct Block: Sendable {
        public let hash: Hash256
        public let header: BlockHeader
        /// Claimed work of the branch up to and including this block. It counts only once the block is replayed.
        public let work: ChainWork
        /// Root of the weights after this block's training, grown where the next height calls for it; nil until it was replayed.
        public let resultRoot: Hash256?
        /// In which order the blocks were replayed; 0 for one that was not.
        public let replayOrder: UInt64
        /// Whether it is part of the tip's chain.
        public let isConnected: Bool

        public var height: BlockHeight { header.height }
        public var isReplayed: Bool { resultRoot != nil }
    }

    func block(at place: Int32) -> Block {
        let node = nodes[Int(place)]
        return Block(
            hash: node.hash, header: node.header, work: node.work, resultRoot: node.resultRoot,
            replayOrder: node.replayOrder, isConnected: isActive(place))
    }

    /// How many blocks are known, the genesis block included; invalid ones are not counted.
    public var count: Int { places.count }

    public subscript(hash: Hash256) -> Block? { places[hash].map { block(at: $0) } }

    /// The last block of the connected chain.
    public var tip: Block { block(at: active.last ?? 0) }

    /// The replayed block with the most work: what the tip is, or moves to.
    public var bestReplayed: Block { block(at: best) }

    /// A block of the connected chain.
    public func connectedBlock(at height: BlockHeight) -> Block? {
        active.indices.contains(Int(height)) ? block(at: active[Int(height)]) : nil
    }

    public func parent(of hash: Hash256) -> Block? {
        guard let place = places[hash], nodes[Int(place)].parent >= 0 else { return nil }
        return block(at: nodes[Int(place)].parent)
    }

    /// The block at a height on the branch that ends in a block; nil when there is none.
    func ancestor(of hash: Hash256, at height: BlockHeight) -> Block? {
        places[hash].flatMap { ancestor(of: $0, at: height) }.map { block(at: $0) }
    }

    /// The last block that two branches share; nil when one of them is unknown.
    public func commonAncestor(_ first: Hash256, _ second: Hash256) -> Block? {
        guard let left = places[first], let right = places[second] else { return nil }
        return block(at: commonAncestor(left, right))
    }

    /// Where the branch of a block leaves the connected chain.
    public func fork(of hash: Hash256) -> Block? { places[hash].map { block(at: fork(of: $0)) } }

    /// The blocks after `ancestor` up to `hash`, in ascending height; nil when `ancestor` is none.
    public func path(from ancestor: Hash256, to hash: Hash256) -> [Block]? {
        guard let start = places[ancestor], let end = places[hash],
            self.ancestor(of: end, at: nodes[Int(start)].header.height) == start
        else { return nil }
        return path(to: end, after: start).map { block(at: $0) }
    }

    /// The branch that ends in a block, as the rules for the next one see it.
    public func context(on hash: Hash256) -> (some ChainContext)? { places[hash].map { BranchContext(tree: self, place: $0) } }

    /// Why a block is invalid; nil for one that is not known to be.
    public func condemned(_ hash: Hash256) -> Condemned? { condemnations[hash] }

    /// All invalid blocks that are remembered.
    public var condemnedBlocks: [Hash256: Condemned] { condemnations }

    /// Why this machine could not judge some blocks.
    public var suspensions: [Hash256: String] { suspended }

    /// Who delivered a held body whose block is `hash`.
    public func source(of hash: Hash256) -> Announcer? { bodies[hash]?.source }

    /// Bytes of bodies that wait.
    var bodyBytes: Int { heldBytes }

    /// The blocks whose bodies wait for a replay.
    public var waitingBlocks: [Hash256] { Array(bodies.keys) }

    /// Replayed blocks beside the connected chain that lie below a height, parents before children.
    public func replayedAside(below height: BlockHeight) -> [Hash256] {
        var found: [Node] = []
        for (hash, place) in places where !isActive(place) {
            let node = nodes[Int(place)]
            if node.isReplayed, node.header.height < height, node.hash == hash { found.append(node) }
        }
        found.sort { ($0.header.height, $0.replayOrder) < ($1.header.height, $1.replayOrder) }
        return found.map(\.hash)
    }

    /// Last blocks of all branches, in no particular order.
    public var tips: [Block] { places.values.filter { nodes[Int($0)].firstChild < 0 }.map { block(at: $0) } }

    /// The block that claims the most work; the tip, where none claims more.
    public var mostWork: Block {
        let leaves = peers.values.flatMap(\.leaves)
        let most = leaves.max { (work($0), $1) < (work($1), $0) }
        guard let most, work(most) > work(best) else { return block(at: best) }
        return block(at: most)
    }

    // MARK: Locators

    /// Tells a peer where this node stands, seen from the branch that it claims: what it has beyond that is asked for.
    public func locator(for announcer: Announcer) -> BlockLocator {
        let tip = active.last ?? 0
        let leaf = peers[announcer]?.leaves.max { (work($0), $1) < (work($1), $0) }
        let start = leaf.flatMap { work($0) > work(tip) ? $0 : nil } ?? tip
        return BlockLocator(tipHeight: nodes[Int(start)].header.height) { height in
            ancestor(of: start, at: height).map { nodes[Int($0)].hash }
        }
    }

    /// The connected chain after the first hash of a locator that is on it, after the genesis block if none is.
    public func headers(after locator: BlockLocator, stop: Hash256, limit: Int) -> [BlockHeader] {
        let start = locator.hashes.lazy.compactMap { places[$0] }.first { isActive($0) } ?? 0
        var found: [BlockHeader] = []
        for place in active.dropFirst(Int(nodes[Int(start)].header.height) + 1).prefix(max(0, limit)) {
            found.append(nodes[Int(place)].header)
            if nodes[Int(place)].hash == stop { break }
        }
        return found
    }

    // MARK: Places

    func isActive(_ place: Int32) -> Bool {
        let height = Int(nodes[Int(place)].header.height)
        return active.indices.contains(height) && active[height] == place
    }

    func children(of place: Int32) -> [Int32] {
        var found: [Int32] = []
        var child = nodes[Int(place)].firstChild
        while child >= 0 {
            found.append(child)
            child = nodes[Int(child)].nextSibling
        }
        return found
    }

    /// A block and all that builds on it, parents before children.
    func subtree(of place: Int32) -> [Int32] {
        var found = [place]
        var position = 0
        while position < found.count {
            found += children(of: found[position])
            position += 1
        }
        return found
    }

    /// Ancestor of a block (or itself) at a height.
    func ancestor(of place: Int32, at height: BlockHeight) -> Int32? {
        guard height <= nodes[Int(place)].header.height else { return nil }
        var current = place
        while nodes[Int(current)].header.height > height {
            if isActive(current) { return active[Int(height)] }
            let node = nodes[Int(current)]
            current = node.skip >= 0 && nodes[Int(node.skip)].header.height >= height ? node.skip : node.parent
        }
        return current
    }

    /// The height that a block's second link leads to: the number with its lowest one bit cleared, as in Bitcoin, every second
    /// time once more, so that any ancestor is a logarithmic number of links away.
    static func skipHeight(_ height: BlockHeight) -> BlockHeight {
        guard height >= 2 else { return 0 }
        func cleared(_ number: BlockHeight) -> BlockHeight { number & (number &- 1) }
        return height & 1 == 1 ? cleared(cleared(height - 1)) + 1 : cleared(height)
    }

    /// The height of the last replayed block on the branch that ends in a block.
    func replayedHeight(below place: Int32) -> BlockHeight {
        var current = place
        while !nodes[Int(current)].isReplayed {
            let node = nodes[Int(current)]
            current = nodes[Int(node.skip)].isReplayed ? node.parent : node.skip
        }
        return nodes[Int(current)].header.height
    }

    func fork(of place: Int32) -> Int32 {
        var current = place
        while !isActive(current) {
            let node = nodes[Int(current)]
            current = isActive(node.skip) ? node.parent : node.skip
        }
        return current
    }

    func commonAncestor(_ first: Int32, _ second: Int32) -> Int32 {
        let height = min(nodes[Int(first)].header.height, nodes[Int(second)].header.height)
        guard var left = ancestor(of: first, at: height), var right = ancestor(of: second, at: height) else { return 0 }
        while left != right {
            let (a, b) = (nodes[Int(left)], nodes[Int(right)])
            (left, right) = a.skip != b.skip ? (a.skip, b.skip) : (a.parent, b.parent)
        }
        return left
    }

    /// The branch that ends in a block, lowest first: all of it, or what follows a block below.
    func path(to place: Int32, after ancestor: Int32 = -1) -> [Int32] {
        var found: [Int32] = []
        var current = place
        while current != ancestor, current >= 0 {
            found.append(current)
            current = nodes[Int(current)].parent
        }
        return found.reversed()
    }
}
