import FlowConsensus
import FlowCrypto

/// The branch that a block builds on, as the rules see it.
struct IndexContext: ChainContext {
    let index: BlockIndex
    let parentEntry: BlockIndexEntry

    var parent: BlockHeader { parentEntry.header }
    var parentHash: Hash256 { parentEntry.hash }
    var keptSteps: UInt64 { parentEntry.keptSteps }
    var parentResultRoot: Hash256? { parentEntry.resultRoot }
    func header(at height: BlockHeight) throws -> BlockHeader? { index.ancestor(of: parentEntry, at: height)?.header }
}

/// All known headers in memory, the chain of the tip by height, and the questions that fork choice and sync ask.
/// Not thread-safe: it belongs to the chain service's executor.
final class BlockIndex {
    private(set) var entries: [Hash256: BlockIndexEntry] = [:]
    private(set) var children: [Hash256: [Hash256]] = [:]
    /// Valid headers without a valid child.
    private var ends: Set<Hash256> = []
    /// Hashes of the connected chain, genesis first.
    private(set) var active: [Hash256] = []
    private var nextSequence: UInt64 = 0

    func takeSequence() -> UInt64 {
        defer { nextSequence += 1 }
        return nextSequence
    }

    func insert(_ entry: BlockIndexEntry) {
        if entries.updateValue(entry, forKey: entry.hash) == nil {
            children[entry.header.previousHash, default: []].append(entry.hash)
        }
        if !entry.isInvalid, !hasValidChild(entry.hash) {
            ends.insert(entry.hash)
            ends.remove(entry.header.previousHash)
        }
        nextSequence = max(nextSequence, entry.sequence &+ 1)
    }

    subscript(hash: Hash256) -> BlockIndexEntry? { entries[hash] }

    func update(_ hash: Hash256, _ change: (inout BlockIndexEntry) -> Void) {
        guard var entry = entries[hash] else { return }
        change(&entry)
        entries[hash] = entry
    }

    private func hasValidChild(_ hash: Hash256) -> Bool {
        (children[hash] ?? []).contains { entries[$0]?.isInvalid == false }
    }

    /// Remembers that a block breaks a rule, and that everything built on it does.
    /// - Returns: all entries that changed
    func condemn(_ hash: Hash256, violation: String, ofDescendants inherited: String) -> [BlockIndexEntry] {
        let all = [hash] + descendants(of: hash)
        for bad in all {
            update(bad) { $0.violation = bad == hash ? violation : inherited }
            ends.remove(bad)
        }
        if let parent = entries[hash]?.header.previousHash, entries[parent]?.isInvalid == false, !hasValidChild(parent) {
            ends.insert(parent)
        }
        return all.compactMap { entries[$0] }
    }

    func parent(of entry: BlockIndexEntry) -> BlockIndexEntry? { entries[entry.header.previousHash] }

    // MARK: the connected chain

    var tip: BlockIndexEntry? { active.last.flatMap { entries[$0] } }

    func setActive(_ chain: [Hash256]) { active = chain }
    func pushActive(_ hash: Hash256) { active.append(hash) }
    func popActive() { _ = active.popLast() }

    func active(at height: BlockHeight) -> BlockIndexEntry? {
        active.indices.contains(Int(height)) ? entries[active[Int(height)]] : nil
    }

    func isActive(_ entry: BlockIndexEntry) -> Bool {
        active.indices.contains(Int(entry.height)) && active[Int(entry.height)] == entry.hash
    }

    /// Ancestor of `entry` (or itself) at `height`.
    func ancestor(of entry: BlockIndexEntry, at height: BlockHeight) -> BlockIndexEntry? {
        guard height <= entry.height else { return nil }
        var current = entry
        while current.height > height {
            if isActive(current) { return active(at: height) }
            guard let next = parent(of: current) else { return nil }
            current = next
        }
        return current
    }

    /// Where the chain of `entry` leaves the connected chain.
    func fork(of entry: BlockIndexEntry) -> BlockIndexEntry? {
        var current = entry
        while !isActive(current) {
            guard let next = parent(of: current) else { return nil }
            current = next
        }
        return current
    }

    /// The blocks after `ancestor` up to `entry`, in ascending height; nil when `ancestor` is none.
    func path(from ancestor: Hash256, to entry: BlockIndexEntry) -> [BlockIndexEntry]? {
        var path: [BlockIndexEntry] = []
        var current = entry
        while current.hash != ancestor {
            path.append(current)
            guard let next = parent(of: current) else { return nil }
            current = next
        }
        return path.reversed()
    }

    /// The last common block of two chains.
    func commonAncestor(_ first: BlockIndexEntry, _ second: BlockIndexEntry) -> BlockIndexEntry? {
        var (left, right) = (first, second)
        while left.hash != right.hash {
            if left.height >= right.height {
                guard let next = parent(of: left) else { return nil }
                left = next
            } else {
                guard let next = parent(of: right) else { return nil }
                right = next
            }
        }
        return left
    }

    /// Every known descendant of a block, the block left out.
    func descendants(of hash: Hash256) -> [Hash256] {
        var found: [Hash256] = []
        var open = children[hash] ?? []
        while let next = open.popLast() {
            found.append(next)
            open += children[next] ?? []
        }
        return found
    }

    // MARK: headers and locators

    /// The header with the most claimed work that is not known to be invalid.
    var bestHeader: BlockIndexEntry? {
        var best = tip
        for entry in leaves where !entry.isInvalid {
            guard let current = best else {
                best = entry
                continue
            }
            if entry.chainWork > current.chainWork { best = entry }
        }
        return best
    }

    /// Valid headers that have no valid child.
    var leaves: [BlockIndexEntry] { ends.compactMap { entries[$0] } }

    /// Hashes from `entry` back, dense at first, then ever sparser, genesis last.
    func locator(from entry: BlockIndexEntry) -> [Hash256] {
        BlockLocator.heights(from: entry.height).compactMap { ancestor(of: entry, at: $0)?.hash }
    }

    /// The connected chain after the first locator hash that is on it (after genesis if none is).
    func headers(after locator: [Hash256], stop: Hash256, limit: Int) -> [BlockIndexEntry] {
        var start = 0
        for hash in locator {
            if let entry = entries[hash], isActive(entry) {
                start = Int(entry.height)
                break
            }
        }
        var found: [BlockIndexEntry] = []
        for hash in active.dropFirst(start + 1) {
            guard found.count < limit, let entry = entries[hash] else { break }
            found.append(entry)
            if hash == stop { break }
        }
        return found
    }
}
