import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore
import FlowTensor

/// Moving the tip: the tree says which way, each step is a batch of its own that holds together.
extension Chainstate {
    /// Makes the best replayed branch the tip's chain.
    func followBest() throws(NodeError) {
        guard tree.nextMove != nil else { return }
        let old = tree.tip
        var returned: [Transaction] = []
        var lowest = old.height
        // The way to a block is looked over once: each move leaves a part of it.
        var reachable: Hash256?
        while let move = tree.nextMove {
            let target = tree.bestReplayed
            if reachable != target.hash, let steps = ModelVault.steps(from: tree.tip.hash, to: target.hash, in: tree), try vault.holds(steps) {
                reachable = target.hash
            }
            guard reachable == target.hash else {
                guard tree.suspensions[target.hash] == nil, let moved = try moveAtOnce(to: target) else { break }
                returned.insert(contentsOf: moved.returned, at: 0)
                lowest = min(lowest, moved.lowest)
                continue
            }
            switch move {
            case .disconnect(let hash):
                returned.insert(contentsOf: try disconnect(hash), at: 0)
                lowest = min(lowest, tree.tip.height)
            case .connect(let hash): try connectStored(hash)
            }
        }
        guard tree.tip.hash != old.hash else { return }
        let depth = Int(old.height - lowest)
        if depth > 0 {
            emit(.reorganised(from: old.hash, to: tree.tip.hash, depth: depth))
            readmit(returned)
        }
        announceTip()
    }

    func announceTip() { emit(.tip(hash: tree.tip.hash, height: tree.tip.height)) }

    /// Checks a block's transactions as they would stand on its branch, all but the signatures: those come after the replay, which costs a forger more.
    func checkTransactions(_ block: Block, on parent: BlockTree.Block) throws {
        guard let context = tree.context(on: parent.hash) else { throw NodeError(.unknownBlock, "block \(parent.hash) is not known") }
        // The parent is replayed now, so its result is known and bad-model-root can be seen.
        try validator.checkContext(block.header, context: context)
        let isAtTip = parent.hash == tree.tip.hash
        let connection = isAtTip
            ? try validator.connectCoins(block, coins: store, context: context)
            : try validator.connectCoins(block, coins: try coins(after: parent), context: context)
        if isAtTip { checkedConnection = (block.hash, connection) }
    }

    /// The coins after a replayed block of any branch.
    func coins(after block: BlockTree.Block) throws -> OverlayCoins {
        if let side, side.block == block.hash { return side.coins }
        var overlay = OverlayCoins(base: store)
        let tip = tree.tip
        guard block.hash != tip.hash else { return overlay }
        guard let fork = tree.fork(of: block.hash), let back = tree.path(from: fork.hash, to: tip.hash),
            let ahead = tree.path(from: fork.hash, to: block.hash)
        else { throw NodeError(.unknownBlock, "block \(block.hash) does not lead to the tip's chain") }
        for left in back.reversed() { overlay.apply(try takingBack(left.hash).changes) }
        for next in ahead {
            let body = try storedBlock(next.hash)
            guard let context = tree.context(on: body.header.previousHash) else { throw NodeError(.unknownBlock, "block \(next.hash) has no parent") }
            overlay.apply(try validator.connect(body, coins: overlay, context: context).changes)
        }
        return overlay
    }

    func storedBlock(_ hash: Hash256) throws(NodeError) -> Block {
        guard let block = try store.block(hash) else {
            throw NodeError(.storeCorrupted, "the body of block \(hash) is missing; delete the data directory and let the node sync again")
        }
        return block
    }

    func takingBack(_ hash: Hash256) throws(NodeError) -> (block: Block, changes: CoinChanges) {
        let block = try storedBlock(hash)
        guard let undo = try store.undo(hash), let changes = undo.changes(disconnecting: block) else {
            throw NodeError(.storeCorrupted, "the undo data of block \(hash) are missing or do not fit; delete the data directory and let the node sync again")
        }
        return (block, changes)
    }

    // MARK: up

    /// Connects a block whose training was replayed before.
    private func connectStored(_ hash: Hash256) throws(NodeError) {
        guard let block = tree[hash] else { return }
        let state = try vault.move(model.copy(), over: ModelVault.Move(block, forward: true))
        _ = try connect(try storedBlock(hash), hash: hash, model: state, with: WriteBatch(), replayed: nil)
    }

    /// Puts a block on the tip.
    /// - Parameters:
    ///   - batch: what else is stored with it
    ///   - root: of the weights after it, if the tree does not know yet that it is replayed
    /// - Returns: false when its transactions break a rule
    func connect(_ block: Block, hash: Hash256, model state: ModelState, with batch: WriteBatch, replayed root: Hash256?) throws(NodeError) -> Bool {
        let connection: BlockConnection
        do {
            if let checked = checkedConnection, checked.block == hash {
                connection = try validator.verifySignatures(checked.connection, run: environment.pool.run)
            } else {
                guard let context = tree.context(on: tree.tip.hash) else { return false }
                connection = try validator.verifySignatures(
                    validator.connectCoins(block, coins: store, context: context), run: environment.pool.run)
            }
        } catch let violation as BlockViolation {
            settle(hash, violation, step: nil)
            return false
        } catch {
            throw error as? NodeError ?? NodeError(.storeFailed, "block \(hash) cannot be checked", cause: error)
        }
        var batch = batch
        let isIndexed = index(block, hash: hash, to: &batch)
        batch.put(StoreKey.undo(hash), connection.undo.encoded)
        batch.apply(connection.changes)
        batch.putTip(hash)
        try persist(batch)

        if let root { tree.replayed(hash, root: root) }
        tree.connected(hash)
        if isIndexed { indexed = hash }
        model = state
        side = nil
        checkedConnection = nil
        tellDeparture(of: mempool.blockConnected(block, now: clock()))
        // Signatures made under the former rules are worth nothing in the next block.
        let height = block.header.height
        if validator.signatureDomain(at: height &+ 1) != validator.signatureDomain(at: height) { readmit([]) }
        emit(.connected(hash: hash, height: block.header.height))
        emit(.judged(hash: hash, fate: .connected))
        try refreshBase(hash, height: block.header.height)
        return true
    }

    /// Now and then the base snapshot moves up, and what lies too deep beneath it goes.
    private func refreshBase(_ hash: Hash256, height: BlockHeight) throws(NodeError) {
        guard height % ModelVault.refreshInterval == 0 else { return }
        var dropped: [Hash256] = []
        var batch = WriteBatch()
        if height > ModelVault.keptDepth {
            let limit = height - ModelVault.keptDepth
            for old in (limit - min(limit, ModelVault.refreshInterval))..<limit {
                if let block = tree.connectedBlock(at: old) { dropped.append(block.hash) }
            }
            // Blocks beside the chain that lie so deep are forgotten, but for the branch that claims the most work.
            let claimed = Set((tree.fork(of: tree.mostWork.hash).flatMap { tree.path(from: $0.hash, to: tree.mostWork.hash) } ?? []).map(\.hash))
            for old in tree.replayedAside(below: limit) where !claimed.contains(old) {
                dropped.append(old)
                facts[old] = nil
                batch.delete(StoreKey.block(old))
                batch.delete(StoreKey.index(old))
                batch.delete(StoreKey.undo(old))
                tree.prune(old)
            }
        }
        do { try vault.refresh(state: model, block: hash, dropping: dropped, with: batch) } catch {
            fail(error)
            throw error
        }
    }

    // MARK: down

    /// Takes the tip's block back.
    /// - Returns: its transactions, the coinbase left out
    func disconnect(_ hash: Hash256) throws(NodeError) -> [Transaction] {
        let (block, changes) = try takingBack(hash)
        let tip = tree.tip
        let state = try vault.move(model.copy(), over: ModelVault.Move(tip, forward: false))
        var batch = WriteBatch()
        batch.apply(changes)
        batch.putTip(block.header.previousHash)
        try persist(batch)
        tree.disconnected(hash)
        model = state
        side = nil
        checkedConnection = nil
        emit(.disconnected(hash: hash, height: tip.height))
        return Array(block.transactions.dropFirst())
    }
}
