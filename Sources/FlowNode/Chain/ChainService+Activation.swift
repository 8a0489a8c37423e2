import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore

extension ChainService {
    /// Looks for work: connects what is replayed, replays what may lead to more work. One replay at a time; a block on the
    /// tip comes before all others and stops a replay elsewhere.
    func poke() {
        guard !isStopped else { return }
        if isActivating {
            if let replaying, let tip = index.tip, index[replaying.hash]?.header.previousHash != tip.hash, nextAtTip() != nil {
                replaying.cancel.cancel()
            }
            return
        }
        isActivating = true
        Task { await activate() }
    }

    private func activate() async {
        defer {
            isActivating = false
            settleWaiters()
        }
        while !isStopped {
            do throws(NodeError) {
                try connectReplayed()
                guard let next = nextReplay() else { return }
                try await replay(next)
            } catch {
                fail(error)
            }
        }
    }

    // MARK: choosing

    private func isReady(_ hash: Hash256) -> Bool {
        pending.contains(hash) && unjudgeable[hash] == nil && index[hash]?.isInvalid == false
    }

    private func nextAtTip() -> BlockIndexEntry? {
        guard let tip = index.tip else { return nil }
        return (index.children[tip.hash] ?? []).filter(isReady).compactMap { index[$0] }.min { $0.sequence < $1.sequence }
    }

    /// The block to replay next: one on the tip, else the first unreplayed block of the branch that claims the most work,
    /// if that is more than the tip's and the branch forks not too deep.
    private func nextReplay() -> BlockIndexEntry? {
        guard let tip = index.tip else { return nil }
        if let next = nextAtTip() { return next }
        var best: (leaf: BlockIndexEntry, first: BlockIndexEntry)?
        for hash in pending where isReady(hash) {
            guard let leaf = index[hash], leaf.chainWork > tip.chainWork else { continue }
            if let best, (leaf.chainWork, best.leaf.sequence) <= (best.leaf.chainWork, leaf.sequence) { continue }
            guard let first = firstUnreplayed(leaf), let fork = index.fork(of: first),
                tip.height - fork.height <= ConsensusLimits.automaticReplayDepth
            else { continue }
            best = (leaf, first)
        }
        return best?.first
    }

    /// The lowest block of the branch of `leaf` that is not replayed; nil when a body on the way is missing.
    private func firstUnreplayed(_ leaf: BlockIndexEntry) -> BlockIndexEntry? {
        var current = leaf
        while let parent = index.parent(of: current), !parent.isReplayed {
            guard isReady(parent.hash) else { return nil }
            current = parent
        }
        return index.parent(of: current)?.isReplayed == true ? current : nil
    }

    // MARK: replaying

    private func replay(_ entry: BlockIndexEntry) async throws(NodeError) {
        let hash = entry.hash
        guard let block = try body(hash), let parent = index.parent(of: entry) else {
            pending.remove(hash)
            return
        }
        do {
            // The parent is replayed now, so its result is known and bad-model-root can be seen.
            try validator.checkContext(block.header, context: IndexContext(index: index, parentEntry: parent))
            try checkTransactions(block, on: parent)
        } catch let violation as BlockViolation {
            try condemn(hash, violation)
            judge(hash, fate(violation, peerCouldKnow: true))
            return
        } catch let error as NodeError {
            throw error
        } catch {
            throw NodeError(.storeFailed, "block \(hash) cannot be checked", cause: error)
        }
        let cancel = CancellationFlag()
        replaying = (hash, cancel)
        let outcome = await outcome(of: block, hash: hash, parent: parent, cancel: cancel)
        replaying = nil
        if isStopped { return }
        switch outcome {
        case .preempted: return
        case .valid(let result): try takeOver(result, hash: hash, parent: parent)
        case .wrongDigest(let step, let expected, let actual):
            let violation = BlockViolation.training(step: step, expected: expected, actual: actual)
            try condemn(hash, violation)
            judge(hash, fate(violation, peerCouldKnow: step == 1))
        case .endsTrajectory(let step, let reason):
            let violation = BlockViolation.trainingStep(step: step, reason: reason)
            try condemn(hash, violation)
            judge(hash, fate(violation, peerCouldKnow: step == 1))
        case .localFault(let fault):
            unjudgeable[hash] = fault.description
            judge(hash, .localFault(fault.description))
        }
    }

    private func outcome(of block: Block, hash: Hash256, parent: BlockIndexEntry, cancel: CancellationFlag) async -> ReplayOutcome {
        let claim = TrainingClaim(
            header: block.header, parentHash: parent.hash, stepDigests: block.stepDigests, keptStepsBefore: parent.keptSteps)
        do {
            let state = try await state(after: parent)
            return try await worker.run { [weak self] engine in
                engine.replay(claim, parent: state, cancel: cancel) { self?.send(.relayable(hash: hash)) }
            }
        } catch {
            return .localFault(.environment("the weights after block \(parent.hash) cannot be made: \(error)"))
        }
    }

    /// The weights after a replayed block, those that a block on it starts from: the tip's, or the tip's moved along the deltas.
    func state(after entry: BlockIndexEntry) async throws -> ModelState {
        guard let tip = index.tip else { throw NodeError(.unknownBlock, "there is no tip") }
        if entry.hash == tip.hash { return model }
        if let side = sideState, side.block == entry.hash { return side.state }
        guard let steps = vault.steps(from: tip, to: entry, index: index) else {
            throw NodeError(.unknownBlock, "block \(entry.hash) has no common ancestor with the tip")
        }
        let (start, vault) = (model, vault)
        return try await worker.run { _ in
            try vault.move(start.copy(), steps)
        }
    }

    /// A block's training is right: connect it when it extends the tip, else keep the result beside the chain.
    func takeOver(_ result: ReplayResult, hash: Hash256, parent: BlockIndexEntry) throws(NodeError) {
        guard index[hash]?.isInvalid == false else { return }
        if parent.hash == index.tip?.hash {
            try connect(hash, result: result)
            return
        }
        guard var entry = index[hash], let block = try body(hash) else { return }
        entry.record(result)
        var batch = WriteBatch()
        if !entry.hasStoredBody {
            batch.put(StoreKey.block(hash), block.encoded)
            entry.hasStoredBody = true
        }
        vault.put(result.delta, of: hash, to: &batch)
        batch.put(entry)
        try persist(batch)
        index.update(hash) { $0 = entry }
        pending.remove(hash)
        bodies[hash] = nil
        replayedAside.insert(hash)
        sideState = (hash, result.state)
        if let tip = index.tip, entry.chainWork <= tip.chainWork { judge(hash, .sideChain) }
    }

    // MARK: waiting

    /// The fate of a block that is known without waiting.
    func settledFate(_ hash: Hash256) -> BlockFate? {
        guard let entry = index[hash] else { return .orphan }
        if let rule = entry.violation { return .invalid(rule: String(rule.prefix { $0 != ":" }), detail: rule, peerCouldKnow: false) }
        if index.isActive(entry) { return .connected }
        if let fault = unjudgeable[hash] { return .localFault(fault) }
        if isStopped { return .localFault(failure?.description ?? "the node stops") }
        return isActivating ? nil : .sideChain
    }

    private func settleWaiters() {
        for hash in waiters.keys {
            guard let fate = settledFate(hash) else { continue }
            for waiter in waiters.removeValue(forKey: hash) ?? [] { waiter.resume(returning: fate) }
        }
    }
}

extension BlockIndexEntry {
    mutating func record(_ result: ReplayResult) {
        resultRoot = result.root
        heldOutLoss = result.heldOutLoss
        trainingLoss = result.trainingLoss.isFinite ? result.trainingLoss : nil
    }
}
