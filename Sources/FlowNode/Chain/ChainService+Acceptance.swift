public import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowStore

extension ChainService {
    // MARK: headers

    /// Takes headers in chain order, as a peer sends them.
    /// - Returns: how many are new, and the violation of the first that breaks a rule, after which the rest is left out
    public func accept(headers: [BlockHeader]) throws -> (new: Int, refused: BlockFate?) {
        try checkRunning()
        var batch = WriteBatch()
        var new = 0
        var refused: BlockFate?
        for header in headers {
            let hash = header.hash
            if let known = index[hash] {
                if let rule = known.violation {
                    refused = .duplicateInvalid(rule: rule)
                    break
                }
                continue
            }
            if let fate = try fate(of: header) {
                refused = fate
                break
            }
            batch.put(insert(header, hash: hash))
            new += 1
        }
        if new > 0 { try persist(batch, sync: false) }
        return (new, refused)
    }

    /// Checks a header by itself and on its branch; nil when it may enter the index.
    private func fate(of header: BlockHeader) throws -> BlockFate? {
        guard let parent = index[header.previousHash] else { return .orphan }
        if parent.isInvalid { return .invalid(rule: "bad-parent-invalid", detail: "block \(parent.hash) is invalid: \(parent.violation ?? "")", peerCouldKnow: false) }
        if let tip = index.tip, let fork = index.fork(of: parent), tip.height - fork.height > ConsensusLimits.automaticReplayDepth {
            // Headers are cheap to forge, so old forks, which are not replayed anyway, may not fill the index.
            return .premature(rule: "fork-too-deep", detail: "it forks at height \(fork.height), \(tip.height - fork.height) blocks below the tip; at most \(ConsensusLimits.automaticReplayDepth) are followed")
        }
        do {
            try validator.checkHeader(header)
            try validator.checkContext(header, context: IndexContext(index: index, parentEntry: parent))
            try validator.checkTime(header, now: clock())
            return nil
        } catch let violation as BlockViolation {
            return fate(violation)
        }
    }

    private func insert(_ header: BlockHeader, hash: Hash256) -> BlockIndexEntry {
        let parent = index[header.previousHash]
        let entry = BlockIndexEntry(
            hash: hash, header: header, chainWork: (parent?.chainWork ?? .zero).adding(ChainWork(of: header.bits)),
            keptSteps: (parent?.keptSteps ?? 0) &+ UInt64(header.steps), sequence: index.takeSequence())
        index.insert(entry)
        return entry
    }

    /// What a violation means for the one who sent the block.
    func fate(_ violation: BlockViolation, peerCouldKnow: Bool = true) -> BlockFate {
        switch violation {
        case .timeTooNew: .premature(rule: violation.identifier, detail: "\(violation)")
        case _ where !violation.condemnsHash: .mutated(rule: violation.identifier, detail: "\(violation)")
        default: .invalid(rule: violation.identifier, detail: "\(violation)", peerCouldKnow: peerCouldKnow)
        }
    }

    // MARK: blocks

    /// Hands a block over and waits until its fate is known.
    public func submit(_ block: Block) async throws -> BlockFate {
        if let fate = try accept(block) { return fate }
        let hash = block.hash
        if let fate = settledFate(hash) { return fate }
        return await withCheckedContinuation { waiters[hash, default: []].append($0) }
    }

    /// Hands a block over and does all checks that cost little.
    /// - Returns: its fate where that is known at once; nil when a replay will tell (see the `judged` event)
    public func accept(_ block: Block) throws -> BlockFate? {
        try checkRunning()
        let hash = block.hash
        if let fate = try place(block, hash: hash) { return fate }
        adoptOrphans(of: hash)
        poke()
        return nil
    }

    /// Cheap checks in the protocol's order; the body is held or stored when they pass.
    func place(_ block: Block, hash: Hash256) throws -> BlockFate? {
        if let known = index[hash] {
            if let rule = known.violation { return .duplicateInvalid(rule: rule) }
            if known.hasStoredBody || bodies[hash] != nil { return .duplicate }
        }
        do throws(BlockViolation) { try validator.checkForm(block) } catch {
            if error.condemnsHash, index[hash] != nil { try condemn(hash, error) }
            return fate(error)
        }
        if index[block.header.previousHash] == nil {
            orphans.insert(block, hash: hash)
            return .orphan
        }
        if index[hash] == nil, let fate = try fate(of: block.header) { return fate }
        do throws(BlockViolation) { try validator.checkDigestChain(block) } catch { return fate(error) }
        try hold(block, hash: hash)
        return nil
    }

    /// Keeps a body: in memory when it extends the tip, so that one batch stores it with everything it changes, else on disk.
    private func hold(_ block: Block, hash: Hash256) throws {
        if index[hash] == nil { _ = insert(block.header, hash: hash) }
        index.update(hash) {
            $0.transactionCount = UInt32(clamping: block.transactions.count)
            $0.size = UInt32(clamping: block.encodedLength)
        }
        if block.header.previousHash == index.tip?.hash {
            bodies[hash] = block
        } else {
            try store(block, hash: hash)
        }
        pending.insert(hash)
    }

    private func store(_ block: Block, hash: Hash256) throws {
        guard var entry = index[hash] else { return }
        entry.hasStoredBody = true
        var batch = WriteBatch()
        batch.put(StoreKey.block(hash), block.encoded)
        batch.put(entry)
        try persist(batch)
        index.update(hash) { $0.hasStoredBody = true }
    }

    private func adoptOrphans(of hash: Hash256) {
        var open = [hash]
        while let parent = open.popLast() {
            for child in orphans.children(of: parent) {
                let childHash = child.hash
                if let fate = try? place(child, hash: childHash) {
                    judge(childHash, fate)
                } else {
                    open.append(childHash)
                }
            }
        }
    }

    /// The body of a block, wherever it is.
    func body(_ hash: Hash256) throws(NodeError) -> Block? {
        if let block = bodies[hash] { return block }
        guard index[hash]?.hasStoredBody == true else { return nil }
        return try store.block(hash)
    }

    // MARK: condemning

    /// A block breaks a rule, and so does everything built on it.
    func condemn(_ hash: Hash256, _ violation: BlockViolation) throws(NodeError) {
        try condemn(hash, rule: violation.identifier, detail: "\(violation)")
    }

    func condemn(_ hash: Hash256, rule: String, detail: String) throws(NodeError) {
        var batch = WriteBatch()
        let text = String("\(rule): \(detail)".prefix(1000))
        let inherited = "bad-parent-invalid: ancestor \(hash) breaks \(rule)"
        for entry in index.condemn(hash, violation: text, ofDescendants: inherited) {
            pending.remove(entry.hash)
            replayedAside.remove(entry.hash)
            bodies[entry.hash] = nil
            batch.put(entry)
        }
        try persist(batch, sync: false)
    }

    /// Writes, and ends all changes when that fails.
    func persist(_ batch: WriteBatch, sync: Bool = true) throws(NodeError) {
        do { try store.write(batch, sync: sync) } catch {
            fail(error)
            throw error
        }
    }
}
