public import FlowCrypto

/// Which branch a node follows: the one with the most work that it has replayed itself; of equals, the one it had first.
///
/// Headers are cheap to forge here, so the work that headers claim decides only what is replayed next, never what is
/// followed. A pure value: the node tells it what happened and asks what to do.
public struct ForkChoice: Sendable {
    public enum Status: Hashable, Sendable {
        /// Only the header is known, or the body too, but the training has not been replayed.
        case claimed
        /// The block and all below it are valid, training included.
        case replayed
        /// The block, or one below it, is invalid.
        case invalid
    }

    /// What became of a header that was handed in.
    public enum Insertion: Hashable, Sendable {
        case added
        case known
        case unknownParent
        /// It builds on an invalid block and is kept as invalid.
        case descendsFromInvalid
    }

    struct Entry: Sendable {
        let parent: Hash256
        let height: BlockHeight
        /// The work of the whole branch up to here.
        let work: ChainWork
        /// The order in which headers came.
        let arrival: UInt64
        var status: Status
        /// The order in which replays ended; breaks ties.
        var replay: UInt64
        var children: [Hash256] = []
    }

    var entries: [Hash256: Entry] = [:]
    private var arrivals: UInt64 = 0
    private var replays: UInt64 = 0

    public let genesisHash: Hash256
    /// The tip to follow.
    public private(set) var best: Hash256

    /// Knows the genesis block only, as replayed.
    public init(genesisHash: Hash256, genesisBits: CompactTarget) {
        self.genesisHash = genesisHash
        best = genesisHash
        entries[genesisHash] = Entry(
            parent: .zero, height: 0, work: ChainWork(of: genesisBits), arrival: 0, status: .replayed, replay: 0)
    }

    /// Learns a header whose context the node has checked.
    public mutating func insert(_ header: BlockHeader, hash: Hash256) -> Insertion {
        guard entries[hash] == nil else { return .known }
        guard let parent = entries[header.previousHash] else { return .unknownParent }
        let isInvalid = parent.status == .invalid
        arrivals &+= 1
        entries[hash] = Entry(
            parent: header.previousHash, height: parent.height &+ 1, work: parent.work.adding(ChainWork(of: header.bits)),
            arrival: arrivals, status: isInvalid ? .invalid : .claimed, replay: 0)
        entries[header.previousHash]?.children.append(hash)
        return isInvalid ? .descendsFromInvalid : .added
    }

    /// Learns that a block's training is right (and its transactions, as far as they have been checked). Its parent must have
    /// been replayed before. A block whose transactions turn out to be invalid when its branch is connected is handed to
    /// `markInvalid` all the same.
    ///
    /// - Returns: true when `best` moved to it.
    @discardableResult
    public mutating func markReplayed(_ hash: Hash256) -> Bool {
        guard let entry = entries[hash], entry.status == .claimed, entries[entry.parent]?.status == .replayed,
            let bestEntry = entries[best]
        else { return false }
        replays &+= 1
        entries[hash]?.status = .replayed
        entries[hash]?.replay = replays
        // Only more work moves the tip; of equals the first stays.
        guard entry.work > bestEntry.work else { return false }
        best = hash
        return true
    }

    /// Follows a replayed block that has as much work as `best`: a node that starts again names the tip that it stored, so
    /// that ties stay decided as they were.
    ///
    /// - Returns: false, and nothing changes, when the block is not replayed or has less work.
    @discardableResult
    public mutating func restoreBest(_ hash: Hash256) -> Bool {
        guard let entry = entries[hash], entry.status == .replayed, entry.work == entries[best]?.work else { return false }
        best = hash
        return true
    }

    /// Learns that a block is invalid, and with it all that builds on it. The genesis block stays valid.
    ///
    /// - Returns: all hashes that became invalid, parents before children.
    @discardableResult
    public mutating func markInvalid(_ hash: Hash256) -> [Hash256] {
        guard hash != genesisHash, let entry = entries[hash], entry.status != .invalid else { return [] }
        var condemned: [Hash256] = []
        var pending = [hash]
        var position = 0
        while position < pending.count {
            let next = pending[position]
            position += 1
            guard let entry = entries[next], entry.status != .invalid else { continue }
            entries[next]?.status = .invalid
            condemned.append(next)
            pending.append(contentsOf: entry.children)
        }
        if entries[best]?.status == .invalid { best = heaviestReplayed() }
        return condemned
    }

    private func heaviestReplayed() -> Hash256 {
        var choice = genesisHash
        var choiceWork = ChainWork.zero
        var choiceReplay = UInt64.max
        // A total order (work, then replay), so the dictionary's order does not matter.
        for (hash, entry) in entries where entry.status == .replayed {
            if entry.work > choiceWork || (entry.work == choiceWork && entry.replay < choiceReplay) {
                (choice, choiceWork, choiceReplay) = (hash, entry.work, entry.replay)
            }
        }
        return choice
    }
}
