import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore

/// Weights after any replayed block. Deltas lead to those near the tip; below the kept ones they are made again by replaying what is known to be
/// right, a block at a time, so that no branch is refused for its depth.
extension Chainstate {
    /// How to come to the weights after a replayed block. Where `start` is nil, from the network's first weights.
    enum WeightSource {
        /// By deltas.
        case moves(start: ModelState?, [ModelVault.Move])
        /// By replaying `next` from the weights before it.
        case replay(next: BlockTree.Block, start: ModelState?)
    }

    /// - Returns: nil when the block does not lead to the genesis block
    func weights(after block: BlockTree.Block) throws(NodeError) -> WeightSource? {
        if let side, side.block == block.hash { return .moves(start: side.model, []) }
        guard let steps = ModelVault.steps(from: tree.tip.hash, to: block.hash, in: tree) else { return nil }
        if try vault.holds(steps) { return .moves(start: model, steps) }
        let made = remade.flatMap { remade in tree.path(from: remade.block, to: block.hash).map { (start: remade.model, ahead: $0) } }
        if made != nil { unneededSince = nil }
        guard let ahead = made?.ahead ?? tree.path(from: tree.genesisHash, to: block.hash) else { return nil }
        let moves = ahead.map { ModelVault.Move($0, forward: true) }
        guard let next = ahead.first, try !vault.holds(moves) else { return .moves(start: made?.start, moves) }
        return .replay(next: next, start: made?.start)
    }

    /// The replay that brings the weights a block nearer to what `hash` needs.
    /// - Returns: nil while it rests: a branch that leaves the chain so deep gets a quarter of the time
    func remaking(_ next: BlockTree.Block, from start: ModelState?, for hash: Hash256) throws(NodeError) -> ReplayTask? {
        let now = clock()
        guard now >= remakingDue || remakingDue > now &+ Self.longestRest else {
            tree.suspend(hash, reason: "for a branch that leaves the chain below the kept deltas the weights are made again from block \(next.height) on")
            resting = hash
            return nil
        }
        let block = try storedBlock(next.hash)
        let claim = TrainingClaim(header: block.header, parentHash: block.header.previousHash, stepDigests: block.stepDigests)
        return ReplayTask(hash: hash, claim: claim, remakes: next.hash, begun: now, start: start, moves: [], vault: vault)
    }

    /// Takes over the weights after a block that was replayed once more.
    func finishRemaking(_ task: ReplayTask, _ remade: Hash256, _ finding: ReplayFinding) throws(NodeError) {
        tree.endReplay()
        let fault: String
        switch finding.outcome {
        case .preempted: return
        case .valid(let result):
            guard result.root != tree[remade]?.resultRoot else {
                self.remade = (remade, result.state)
                let now = clock()
                remakingDue = now &+ min(Self.longestRest, 3 * (now - min(now, task.begun)))
                return
            }
            fault = "the weights after block \(remade) have another root than when it was connected"
        case .wrongDigest(let step, _, _), .endsTrajectory(let step, _): fault = "step \(step) of block \(remade) is another than when it was connected"
        case .localFault(let cause): fault = cause.description
        }
        // What led here is not relied on any more.
        self.remade = nil
        tree.suspend(task.hash, reason: "\(fault); check the memory and the cooling of this machine")
        emit(.judged(hash: task.hash, fate: .localFault(fault)))
    }

    /// Replays on the way to the best branch, where only they lead to its weights: after a restart in the middle.
    func remakingForBest() throws(NodeError) -> ReplayTask? {
        let best = tree.bestReplayed
        guard best.hash != tree.tip.hash, tree.suspensions[best.hash] == nil, case .replay(let next, let start)? = try weights(after: best)
        else { return nil }
        return try remaking(next, from: start, for: best.hash)
    }

    /// Makes a branch the tip's chain in one batch, since no weights are at hand for the blocks between: coins, tip and the weights after its
    /// last block, as a new base.
    /// - Returns: the transactions of the blocks that were left, and the height of the fork; nil when the weights have to be made first, or something
    ///   on the way proved wrong
    func moveAtOnce(to target: BlockTree.Block) throws(NodeError) -> (returned: [Transaction], lowest: BlockHeight)? {
        guard case .moves(let start, let moves)? = try weights(after: target), let fork = tree.fork(of: target.hash),
            let back = tree.path(from: fork.hash, to: tree.tip.hash), let ahead = tree.path(from: fork.hash, to: target.hash)
        else { return nil }
        let state = try vault.move(from: start, moves)
        guard state.root(pool: environment.pool) == target.resultRoot else {
            // They are made again from what is stored.
            (side, remade) = (nil, nil)
            tree.suspend(target.hash, reason: "the weights after block \(target.hash) have another root than when it was replayed; check the memory of this machine")
            return nil
        }
        var batch = WriteBatch()
        var coins = OverlayCoins(base: store)
        var returned: [Transaction] = []
        for left in back.reversed() {
            let (block, changes) = try takingBack(left.hash)
            batch.apply(changes)
            coins.apply(changes)
            returned.insert(contentsOf: block.transactions.dropFirst(), at: 0)
        }
        var blocks: [Block] = []
        for next in ahead {
            let block = try storedBlock(next.hash)
            let connection: BlockConnection
            do {
                guard let context = tree.context(on: block.header.previousHash) else { return nil }
                connection = try validator.connect(block, coins: coins, context: context)
            } catch let violation as BlockViolation {
                settle(next.hash, violation, step: nil)
                return nil
            } catch {
                throw error as? NodeError ?? NodeError(.storeFailed, "block \(next.hash) cannot be checked", cause: error)
            }
            batch.put(StoreKey.undo(next.hash), connection.undo.encoded)
            batch.apply(connection.changes)
            coins.apply(connection.changes)
            blocks.append(block)
        }
        batch.putTip(target.hash)
        let dropped = ahead.filter { $0.height &+ ModelVault.keptDepth < target.height }.map(\.hash)
        do { try vault.refresh(state: state, block: target.hash, dropping: dropped, with: batch) } catch {
            fail(error)
            throw error
        }
        for left in back.reversed() {
            tree.disconnected(left.hash)
            emit(.disconnected(hash: left.hash, height: left.height))
        }
        for (next, block) in zip(ahead, blocks) {
            tree.connected(next.hash)
            tellDeparture(of: mempool.blockConnected(block, now: clock()))
            emit(.connected(hash: next.hash, height: next.height))
            emit(.judged(hash: next.hash, fate: .connected))
        }
        model = state
        (side, remade, checkedConnection) = (nil, nil, nil)
        return (returned, fork.height)
    }

    /// Seconds that a deep branch rests at most between two replays.
    static let longestRest: UInt64 = 600
}
