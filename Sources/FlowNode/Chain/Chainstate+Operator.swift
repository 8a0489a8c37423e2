import FlowConsensus
import FlowCrypto

/// What the node's operator decides about branches. None of it outlives the process: after a restart the branch of the most work counts again.
extension Chainstate {
    /// What a block is called that the operator does not want.
    static let invalidated = "invalidated"

    /// Leaves a block and all that builds on it, as if it broke a rule, until `reconsider`.
    /// - Throws: `NodeError`: unknown block, genesis block, a connected one below the kept deltas
    func invalidate(_ hash: Hash256) throws(NodeError) {
        try checkSound()
        if tree.condemned(hash) != nil { return }
        guard let block = tree[hash] else { throw NodeError(.unknownBlock, "block \(hash) is not known") }
        guard let parent = tree.parent(of: hash) else { throw NodeError(.tooDeep, "block \(hash) is the genesis block, which nothing replaces") }
        let old = tree.tip
        var returned: [Transaction] = []
        if block.isConnected {
            guard let steps = ModelVault.steps(from: old.hash, to: parent.hash, in: tree), try vault.holds(steps) else {
                throw NodeError(
                    .tooDeep,
                    "block \(hash) lies \(old.height - block.height) blocks below the tip, deeper than the deltas that are kept (\(ModelVault.keptDepth) blocks at least); invalidate a higher one, or start anew in another data directory")
            }
            while tree.tip.height >= block.height { returned.insert(contentsOf: try disconnect(tree.tip.hash), at: 0) }
        }
        let gone = tree.condemn(hash, reason: "\(Self.invalidated): by the node's operator")
        (side, checkedConnection) = (nil, nil)
        for other in gone {
            facts[other] = nil
            emit(.judged(hash: other, fate: .invalid(rule: Self.invalidated, detail: "by the node's operator", peerCouldKnow: false)))
        }
        let reached = tree.tip
        try followBest()
        guard tree.tip.hash != old.hash else { return }
        // What was taken back waits again, where the branch that is followed now does not hold it.
        readmit(returned)
        guard tree.tip.hash == reached.hash else { return }
        emit(.reorganised(from: old.hash, to: reached.hash, depth: Int(old.height - reached.height)))
        announceTip()
    }

    /// Lets a block that was called invalid be judged again. What of its branch was replayed before is at hand, the rest is asked for again.
    /// - Returns: false when it is not known to break a rule
    func reconsider(_ hash: Hash256) throws(NodeError) -> Bool {
        guard tree.reconsider(hash) else { return false }
        let records = try store.records().filter { $0.record.header.version == parameters.amendments.blockVersion(at: $0.record.header.height) }
        let taken = Set(
            tree.restore(
                records.map { .init(hash: $0.hash, header: $0.record.header, resultRoot: $0.record.resultRoot, replayOrder: $0.record.replayOrder) }))
        for (hash, record) in records where taken.contains(hash) { facts[hash] = record.facts }
        try followBest()
        emit(.reconsidered)
        return true
    }

    /// Prefers a block to others of as much work, as if it had come first. One with less work than the tip is left where it is.
    /// - Throws: `NodeError` for an unknown block
    func prefer(_ hash: Hash256) throws(NodeError) {
        try checkSound()
        guard tree[hash] != nil else { throw NodeError(.unknownBlock, "block \(hash) is not known") }
        if tree.prefer(hash) { try followBest() }
    }
}
