public import FlowCrypto

extension ForkChoice {
    /// How many blocks are known, the genesis block included.
    public var count: Int { entries.count }

    public func status(of hash: Hash256) -> Status? { entries[hash]?.status }

    public func height(of hash: Hash256) -> BlockHeight? { entries[hash]?.height }

    public func parent(of hash: Hash256) -> Hash256? {
        hash == genesisHash ? nil : entries[hash]?.parent
    }

    /// The work of the branch up to this block: what its headers claim.
    public func work(of hash: Hash256) -> ChainWork? { entries[hash]?.work }

    /// Tips of all branches: blocks without a child, in the order in which they came.
    public var tips: [Hash256] {
        entries.filter { $0.value.children.isEmpty }.sorted { $0.value.arrival < $1.value.arrival }.map(\.key)
    }

    /// The last block that two branches share; nil when one of them is unknown.
    public func commonAncestor(_ first: Hash256, _ second: Hash256) -> Hash256? {
        var (left, right) = (first, second)
        while left != right {
            guard let leftEntry = entries[left], let rightEntry = entries[right] else { return nil }
            if leftEntry.height >= rightEntry.height { left = leftEntry.parent }
            if rightEntry.height >= leftEntry.height { right = rightEntry.parent }
        }
        return entries[left] == nil ? nil : left
    }

    /// The block at a height on the branch that ends in `tip`; nil when there is none.
    public func ancestor(of tip: Hash256, at height: BlockHeight) -> Hash256? {
        var hash = tip
        while let entry = entries[hash] {
            if entry.height == height { return hash }
            guard entry.height > height else { return nil }
            hash = entry.parent
        }
        return nil
    }

    /// The way from one tip to another; nil when one of them is unknown.
    public func reorganisation(from old: Hash256, to new: Hash256) -> Reorganisation? {
        guard let fork = commonAncestor(old, new) else { return nil }
        return Reorganisation(
            fork: fork, disconnect: branch(from: old, downTo: fork), connect: branch(from: new, downTo: fork).reversed())
    }

    /// What to replay next: the lowest block not yet replayed on the branch whose headers claim the most work, if that is more
    /// than the followed branch has; of equals the one that came first. Branches that fork more than `maximumDepth` blocks
    /// below the followed tip are left out, and so are blocks that are not available.
    public func nextToReplay(
        maximumDepth: UInt32 = ConsensusLimits.automaticReplayDepth, isAvailable: (Hash256) -> Bool
    ) -> Hash256? {
        guard let bestEntry = entries[best] else { return nil }
        let candidates = entries.filter { $0.value.status == .claimed && $0.value.work > bestEntry.work }
            .sorted { left, right in
                left.value.work != right.value.work
                    ? left.value.work > right.value.work : left.value.arrival < right.value.arrival
            }
        var visited: Set<Hash256> = []
        for candidate in candidates {
            var hash = candidate.key
            var lowest: Hash256?
            // Walk down to the replayed part; a block seen before belongs to a branch that was tried before.
            while let entry = entries[hash], entry.status == .claimed, visited.insert(hash).inserted {
                lowest = hash
                hash = entry.parent
            }
            guard let lowest, entries[hash]?.status == .replayed, isAvailable(lowest) else { continue }
            guard let fork = commonAncestor(best, hash), let forkHeight = entries[fork]?.height,
                bestEntry.height - forkHeight <= maximumDepth
            else { continue }
            return lowest
        }
        return nil
    }

    private func branch(from tip: Hash256, downTo fork: Hash256) -> [Hash256] {
        var hashes: [Hash256] = []
        var hash = tip
        while hash != fork, let entry = entries[hash] {
            hashes.append(hash)
            hash = entry.parent
        }
        return hashes
    }
}
