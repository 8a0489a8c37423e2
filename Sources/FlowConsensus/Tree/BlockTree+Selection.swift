public import FlowCrypto

/// What to fetch and what to replay. Claimed work proves nothing, so every peer's branch has its turn: whoever claims much gets no
/// more of the node's time than whoever claims little.
extension BlockTree {
    /// A block whose parent is replayed, with its body at hand, on a branch that claims more work than the best one has.
    private struct Candidate {
        let place: Int32
        let announcer: Announcer
        let peer: Peer
        let isAtTip: Bool
    }

    /// The block to replay next; nil when there is nothing to gain. It stays in the tree until `endReplay`, or the next call.
    ///
    /// The user's own blocks come first. Else three turns of four go to blocks on the tip and one to branches that leave the
    /// chain further down, every second one to peers whose last block proved right, and among them to the one that has waited
    /// longest: so neither a crowd of newcomers nor a deep branch can keep an honest peer's block waiting for more than a few
    /// replays.
    public mutating func nextReplay() -> Hash256? {
        endReplay()
        let candidates = candidates()
        guard !candidates.isEmpty else { return nil }
        turn += 1
        let prefersTip = turn % 4 != 0, prefersProven = turn % 2 == 0
        func rank(_ candidate: Candidate) -> (Int, Int, Int, UInt64, Announcer) {
            (
                candidate.announcer == .local ? 0 : 1, candidate.isAtTip == prefersTip ? 0 : 1,
                candidate.peer.isProven == prefersProven ? 0 : 1, candidate.peer.lastServed, candidate.announcer
            )
        }
        guard let chosen = candidates.min(by: { rank($0) < rank($1) }) else { return nil }
        for candidate in candidates where candidate.place == chosen.place { peers[candidate.announcer]?.lastServed = turn }
        beginReplay(of: chosen.place)
        return nodes[Int(chosen.place)].hash
    }

    /// Whether the replay of a block off the tip should make way for one on the tip that is likely to prove right.
    public func shouldPreempt(replayOf hash: Hash256) -> Bool {
        guard let place = places[hash], nodes[Int(place)].parent != active.last else { return false }
        return candidates().contains { $0.isAtTip && ($0.announcer == .local || $0.peer.isProven) }
    }

    private func candidates() -> [Candidate] {
        guard !bodies.isEmpty else { return [] }
        var found: [Candidate] = []
        for (announcer, peer) in peers {
            for leaf in promising(peer) {
                guard let place = firstUnreplayed(of: leaf), isReady(place) else { continue }
                found.append(
                    Candidate(place: place, announcer: announcer, peer: peer, isAtTip: nodes[Int(place)].parent == active.last))
                break
            }
        }
        return found
    }

    private func isReady(_ place: Int32) -> Bool {
        let hash = nodes[Int(place)].hash
        return bodies[hash] != nil && suspended[hash] == nil
    }

    /// The branches of a peer that claim more work than the best one has, most work first.
    private func promising(_ peer: Peer) -> [Int32] {
        let least = work(best)
        return peer.leaves.filter { work($0) > least }.sorted { (work($0), $1) > (work($1), $0) }
    }

    private func firstUnreplayed(of leaf: Int32) -> Int32? {
        let base = replayedHeight(below: leaf)
        return base < nodes[Int(leaf)].header.height ? ancestor(of: leaf, at: base + 1) : nil
    }

    /// Bodies to ask a peer for, lowest first: along its own branches that claim more work than the best one has.
    ///
    /// - Parameters:
    ///   - limit: how many at most.
    ///   - isRequested: true for a body that was asked of somebody and has not come.
    public func missingBodies(of announcer: Announcer, limit: Int, isRequested: (Hash256) -> Bool) -> [Hash256] {
        guard limit > 0, let peer = peers[announcer] else { return [] }
        // A peer that fills its share gets no further than the block that is needed next.
        let isFull = peer.heldBytes >= limits.bodyBytesPerPeer
        var found: [Hash256] = []
        for leaf in promising(peer) {
            let base = replayedHeight(below: leaf)
            let top = min(nodes[Int(leaf)].header.height, isFull ? base + 1 : base + limits.downloadWindow)
            guard var place = ancestor(of: leaf, at: top) else { continue }
            var path: [Hash256] = []
            while !nodes[Int(place)].isReplayed {
                path.append(nodes[Int(place)].hash)
                place = nodes[Int(place)].parent
            }
            for hash in path.reversed() where bodies[hash] == nil && !isRequested(hash) {
                found.append(hash)
                if found.count == limit { return found }
            }
        }
        return found
    }

    /// How many headers of a peer's longest branch are not replayed.
    public func unreplayedLength(of announcer: Announcer) -> Int {
        (peers[announcer]?.leaves ?? []).map { Int(nodes[Int($0)].header.height) - Int(replayedHeight(below: $0)) }.max() ?? 0
    }
}
