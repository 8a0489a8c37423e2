import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore

extension ChainService {
    /// Makes the replayed chain with the most work the tip's chain, as often as there is a better one.
    func connectReplayed() throws(NodeError) {
        while let tip = index.tip, let best = bestReplayed(above: tip) {
            try reorganise(from: tip, to: best)
        }
    }

    private func bestReplayed(above tip: BlockIndexEntry) -> BlockIndexEntry? {
        replayedAside.compactMap { index[$0] }.filter { !$0.isInvalid && $0.chainWork > tip.chainWork }.max {
            ($0.chainWork, $1.sequence) < ($1.chainWork, $0.sequence)
        }
    }

    /// Leaves the tip's blocks down to the fork and connects the other branch; each step is a batch of its own that holds
    /// together. A block that turns out invalid ends the way up; the loop above then finds the best chain that is left.
    private func reorganise(from old: BlockIndexEntry, to new: BlockIndexEntry) throws(NodeError) {
        guard let fork = index.fork(of: new), let path = index.path(from: fork.hash, to: new) else {
            replayedAside.remove(new.hash)
            return
        }
        let depth = Int(old.height - fork.height)
        var homeless: [Transaction] = []
        while let tip = index.tip, tip.hash != fork.hash {
            homeless.insert(contentsOf: try disconnect(tip), at: 0)
        }
        for entry in path {
            guard try connectStored(entry.hash) else { break }
        }
        if depth > 0, let tip = index.tip { send(.reorganised(from: old.hash, to: tip.hash, depth: depth)) }
        if depth > 0 { readmit(homeless) }
        announceTip()
    }

    func announceTip() {
        guard let tip = index.tip else { return }
        send(.tip(hash: tip.hash, height: tip.height))
    }

    /// Checks a block's transactions as they would stand on its branch.
    func checkTransactions(_ block: Block, on parent: BlockIndexEntry) throws {
        let context = IndexContext(index: index, parentEntry: parent)
        let connection = try validator.connect(block, coins: try coins(after: parent), context: context)
        if parent.hash == index.tip?.hash { checkedConnection = (block.hash, parent.hash, connection) }
    }

    /// The changes of a block on the tip: those found before its replay if the tip is still the same, else checked now.
    private func connection(of block: Block, hash: Hash256, parent: BlockIndexEntry) throws -> BlockConnection {
        if let checked = checkedConnection, checked.block == hash, checked.parent == parent.hash { return checked.connection }
        return try validator.connect(block, coins: store, context: IndexContext(index: index, parentEntry: parent))
    }

    /// The coins after a block of any branch whose bodies are known.
    func coins(after entry: BlockIndexEntry) throws -> OverlayCoins {
        var overlay = OverlayCoins(base: store)
        guard let tip = index.tip, entry.hash != tip.hash else { return overlay }
        guard let fork = index.fork(of: entry), let back = index.path(from: fork.hash, to: tip),
            let ahead = index.path(from: fork.hash, to: entry)
        else { throw NodeError(.unknownBlock, "block \(entry.hash) does not lead to the tip's chain") }
        for left in back.reversed() { overlay.apply(try takingBack(left)) }
        for next in ahead {
            guard let block = try body(next.hash), let parent = index.parent(of: next) else {
                throw NodeError(.storeCorrupted, "the body of block \(next.hash) is missing; delete the data directory and let the node sync again")
            }
            overlay.apply(try validator.connect(block, coins: overlay, context: IndexContext(index: index, parentEntry: parent)).changes)
        }
        return overlay
    }

    private func takingBack(_ entry: BlockIndexEntry) throws(NodeError) -> CoinChanges {
        guard let block = try body(entry.hash), let undo = try store.undo(entry.hash), let changes = undo.changes(disconnecting: block) else {
            throw NodeError(.storeCorrupted, "block \(entry.hash) or its undo data are missing or do not fit; delete the data directory and let the node sync again")
        }
        return changes
    }

    // MARK: up

    /// Connects a block that extends the tip, with the result of its replay.
    func connect(_ hash: Hash256, result: ReplayResult) throws(NodeError) {
        guard try connect(hash, fresh: result, state: result.state) else { return }
        announceTip()
    }

    /// Connects a block whose training was replayed before.
    private func connectStored(_ hash: Hash256) throws(NodeError) -> Bool {
        guard let entry = index[hash] else { return false }
        let state = try vault.move(model.copy(), over: ModelVault.Move(entry, forward: true))
        return try connect(hash, fresh: nil, state: state)
    }

    private func connect(_ hash: Hash256, fresh: ReplayResult?, state: ModelState) throws(NodeError) -> Bool {
        guard let block = try body(hash), var entry = index[hash], let parent = index.tip else { return false }
        let connection: BlockConnection
        do {
            connection = try self.connection(of: block, hash: hash, parent: parent)
        } catch let violation as BlockViolation {
            try condemn(hash, violation)
            judge(hash, fate(violation))
            return false
        } catch {
            throw error as? NodeError ?? NodeError(.storeFailed, "block \(hash) cannot be checked", cause: error)
        }
        var batch = WriteBatch()
        if !entry.hasStoredBody {
            batch.put(StoreKey.block(hash), block.encoded)
            entry.hasStoredBody = true
        }
        if let fresh {
            entry.record(fresh)
            vault.put(fresh.delta, of: hash, to: &batch)
        }
        entry.hasUndo = true
        batch.put(entry)
        batch.put(StoreKey.undo(hash), connection.undo.encoded)
        batch.apply(connection.changes)
        batch.putTip(hash)
        try persist(batch)

        index.update(hash) { $0 = entry }
        index.pushActive(hash)
        model = state
        sideState = nil
        checkedConnection = nil
        pending.remove(hash)
        replayedAside.remove(hash)
        bodies[hash] = nil
        for dropped in mempool.blockConnected(block) { send(.dropped(dropped)) }
        send(.connected(hash: hash, height: entry.height))
        judge(hash, .connected)
        releaseBodies()
        try refreshBase(entry)
        return true
    }

    /// Bodies that were held because they extended a tip that is now gone go to the store.
    private func releaseBodies() {
        guard let tip = index.tip else { return }
        for (hash, block) in bodies where block.header.previousHash != tip.hash {
            guard var entry = index[hash] else { continue }
            entry.hasStoredBody = true
            var batch = WriteBatch()
            batch.put(StoreKey.block(hash), block.encoded)
            batch.put(entry)
            guard (try? persist(batch, sync: false)) != nil else { return }
            index.update(hash) { $0.hasStoredBody = true }
            bodies[hash] = nil
        }
    }

    private func refreshBase(_ entry: BlockIndexEntry) throws(NodeError) {
        guard entry.height % ModelVault.refreshInterval == 0 else { return }
        var dropped: [Hash256] = []
        if entry.height > ModelVault.keptDepth {
            let limit = entry.height - ModelVault.keptDepth
            for height in (limit - min(limit, ModelVault.refreshInterval))..<limit {
                if let old = index.active(at: height) { dropped.append(old.hash) }
            }
            dropped += replayedAside.filter { index[$0].map { $0.height < limit } ?? true }
            replayedAside.subtract(dropped)
        }
        do { try vault.refresh(state: model, block: entry.hash, dropping: dropped) } catch {
            fail(error)
            throw error
        }
    }

    // MARK: down

    /// Takes the tip's block back.
    /// - Returns: its transactions, the coinbase left out
    private func disconnect(_ entry: BlockIndexEntry) throws(NodeError) -> [Transaction] {
        guard let block = try body(entry.hash) else {
            throw NodeError(.storeCorrupted, "the body of block \(entry.hash) is missing; delete the data directory and let the node sync again")
        }
        let changes = try takingBack(entry)
        let state = try vault.move(model.copy(), over: ModelVault.Move(entry, forward: false))
        var batch = WriteBatch()
        batch.apply(changes)
        batch.putTip(entry.header.previousHash)
        try persist(batch)
        index.popActive()
        model = state
        replayedAside.insert(entry.hash)
        send(.disconnected(hash: entry.hash, height: entry.height))
        return Array(block.transactions.dropFirst())
    }
}
