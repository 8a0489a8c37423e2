import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore

/// One chain on one store: the tree that decides, and tip, coins, weights and mempool that belong together. Everything here is
/// synchronous and belongs to whoever owns it: the chain service on its executor, or a simulation.
///
/// Events come in as calls; what the owner has to do about them is collected in `effects`. Every move of the tip is one synced
/// batch that holds block, record, undo data, coins, model delta and the mark of the tip, so whatever happens to the process,
/// what is stored belongs together.
final class Chainstate {
    /// What the owner does about a call.
    enum Effect: Sendable {
        case event(NodeEvent)
        /// Somebody sent what it could know to be false.
        case misbehaved(BlockTree.Announcer, fault: String)
        /// Somebody delivered a block whose first digest is false: on this machine's word, until verdicts are taken back.
        case lied(BlockTree.Announcer, fault: String)
        /// A block that somebody delivered is right.
        case proved(BlockTree.Announcer)
        /// A block that somebody delivered proved false further on: its other blocks were dropped.
        case forfeited(BlockTree.Announcer)
        /// Blocks that were called invalid may come again.
        case reconsidered
        /// This machine computed wrong: those who were called liars may not be.
        case verdictsTakenBack
    }

    let parameters: ChainParameters
    let environment: TrainingEnvironment
    let clock: @Sendable () -> UInt64
    let validator: BlockValidator
    let store: ChainStore
    let vault: ModelVault
    var tree: BlockTree
    var facts: [Hash256: BlockFacts]
    /// Weights after the tip's training, grown where the next height calls for it: what the next block starts from. Never changed once set: a new tip gets a new state.
    var model: ModelState
    var mempool: Mempool
    /// Whether the pool outlives the process.
    var keepsMempool = true
    /// Number of the next thing that is told of the pool.
    private(set) var mempoolNews: UInt64 = 1
    /// The last block that the index of transactions covers; nil without an index, zero before its first block.
    var indexed: Hash256?
    /// The pool's state that the store holds.
    var savedMempool: UInt64 = 0
    private var known = KnownDigests()
    private var reliance = VerdictReliance()
    /// What the transactions of a block on the tip change, their signatures not yet checked, until it is connected.
    var checkedConnection: (block: Hash256, connection: UnverifiedConnection)?
    /// Coins and weights after the last replayed block beside the connected chain.
    var side: (block: Hash256, coins: OverlayCoins, model: ModelState)?
    /// Of the last step that was replayed (`StepReport.zeroRowShare`); nil before the first.
    private(set) var zeroRowShare: Double?
    /// Steps that were trained for verdicts and results since the start.
    private(set) var replayedSteps = 0
    /// Weights that were made again below the kept deltas, after the block that they have come to.
    var remade: (block: Hash256, model: ModelState)?
    /// Since when no branch asks for such weights.
    var unneededSince: UInt64?
    /// When the next block below the kept deltas may be replayed, and the block for whose sake, while it rests.
    var remakingDue: UInt64 = 0
    var resting: Hash256?
    /// The store failed: nothing changes any more.
    private(set) var failure: NodeError?
    /// What last proved wrong with this machine, until a block is right again.
    private(set) var alarm: LocalFault?
    /// What the store held before and lacks now, with the block that says so.
    var loss: (hash: Hash256, error: NodeError)?
    /// That the backend computed wrong, for as long as the process lives.
    private(set) var backendAlarm: LocalFault?
    /// When blocks that this machine could not judge are tried again, in seconds since 1970, and after how long the next time.
    private var retry = Chainstate.firstRetry
    private var collected: [Effect] = []

    init(loaded: consuming LoadedChain, environment: TrainingEnvironment, mempool: Mempool, clock: @escaping @Sendable () -> UInt64) {
        parameters = environment.parameters
        self.environment = environment
        self.clock = clock
        validator = BlockValidator(parameters: environment.parameters)
        store = loaded.store
        vault = loaded.vault
        tree = loaded.tree
        facts = loaded.facts
        model = loaded.model
        self.mempool = mempool
    }

    // MARK: effects

    func emit(_ event: NodeEvent) { collected.append(.event(event)) }
    func emit(_ effect: Effect) { collected.append(effect) }

    /// - Parameter returns: it stood in a block that was left
    func tellArrival(of transaction: Transaction, _ txid: Hash256, returns: Bool = false) {
        emit(.transaction(transaction, txid: txid, number: mempoolNews, returns: returns))
        mempoolNews += 1
    }

    func tellDeparture(of txids: some Collection<Hash256>) {
        for txid in txids.sorted() {
            emit(.dropped(txid, number: mempoolNews))
            mempoolNews += 1
        }
    }

    /// What has to be done since the last call, in order.
    func takeEffects() -> [Effect] {
        defer { collected = [] }
        return collected
    }

    /// A failure of the store ends all changes; what is stored stays whole.
    func fail(_ error: NodeError) {
        guard failure == nil else { return }
        failure = error
        emit(.fault(error))
    }

    func checkSound() throws(NodeError) { if let failure { throw failure } }

    /// Writes, and ends all changes when that fails.
    func persist(_ batch: WriteBatch, sync: Bool = true) throws(NodeError) {
        do { try store.write(batch, sync: sync) } catch {
            fail(error)
            throw error
        }
    }

    // MARK: blocks

    /// Takes headers in chain order, as a peer sends them.
    func accept(headers: [BlockHeader], from announcer: BlockTree.Announcer) throws -> BlockTree.HeaderOutcome {
        try checkSound()
        let outcome = tree.accept(headers: headers, from: announcer, now: clock())
        if case .condemned? = outcome.refusal { for header in headers { builtOn(header.previousHash) } }
        return outcome
    }

    /// A peer is gone; what only it claimed is forgotten.
    func remove(_ announcer: BlockTree.Announcer) { tree.remove(announcer) }

    /// Takes a block and does all checks that cost little.
    /// - Returns: its fate where that is known at once; nil when a replay will tell
    func accept(_ block: Block, bytes: [UInt8]? = nil, from announcer: BlockTree.Announcer) throws -> BlockFate? {
        try checkSound()
        let hash = block.hash
        if let condemned = tree.condemned(hash) { return .duplicateInvalid(rule: condemned.reason) }
        if tree.body(hash) != nil || tree[hash]?.isReplayed == true { return .duplicate }
        do throws(BlockViolation) {
            try validator.checkForm(block)
            if let fate = try place(block.header, hash: hash, from: announcer) { return fate }
            try validator.checkDigestChain(block)
        } catch {
            if error.condemnsHash { condemn(hash, error) }
            if announcer != .local { emit(.misbehaved(announcer, fault: "block \(hash): \(error.identifier)")) }
            return fate(error)
        }
        if let verdict = contradiction(block) {
            condemn(hash, verdict.violation)
            blame(announcer, hash: hash, step: verdict.step, violation: verdict.violation)
            return fate(verdict.violation, peerCouldKnow: verdict.step == 1)
        }
        guard tree.hold(bytes ?? block.encoded, of: hash, from: announcer) else { return .noRoom }
        return nil
    }

    /// Puts a block's header into the tree; nil when it is there.
    private func place(_ header: BlockHeader, hash: Hash256, from announcer: BlockTree.Announcer) throws(BlockViolation) -> BlockFate? {
        switch tree.accept(headers: [header], from: announcer, now: clock()).refusal {
        case nil: return nil
        case .unknownParent?, .brokenChain?: return .orphan
        case .violation(let violation)?: throw violation
        case .condemned(let reason)?:
            builtOn(header.previousHash)
            return .invalid(rule: "bad-parent-invalid", detail: reason, peerCouldKnow: false)
        case .early(let due)?:
            return .premature(rule: "time-too-new", detail: "its header is kept until it is due, at \(due) seconds since 1970")
        case .full?: return .noRoom
        }
    }

    /// What a violation means for the one who sent the block.
    func fate(_ violation: BlockViolation, peerCouldKnow: Bool = true) -> BlockFate {
        switch violation {
        case .timeTooNew: .premature(rule: violation.identifier, detail: "\(violation)")
        case _ where !violation.condemnsHash: .mutated(rule: violation.identifier, detail: "\(violation)")
        default: .invalid(rule: violation.identifier, detail: "\(violation)", peerCouldKnow: peerCouldKnow)
        }
    }

    /// A block breaks a rule, and so does everything built on it.
    @discardableResult
    func condemn(_ hash: Hash256, _ violation: BlockViolation) -> [Hash256] {
        let gone = tree.condemn(hash, reason: "\(violation.identifier): \(violation)")
        for other in gone { facts[other] = nil }
        return gone
    }

    /// The backend computes wrong, and who knows since when: what was called false by training is judged again.
    private func takeBackVerdicts() {
        known = KnownDigests()
        for (hash, condemned) in tree.condemnedBlocks
        where BlockViolation.trainingIdentifiers.contains(condemned.rule) {
            _ = tree.reconsider(hash)
        }
        emit(.verdictsTakenBack)
    }

    /// Somebody builds on a block. Where only this machine's word condemned it, it may come once more, to be judged with a second opinion.
    private func builtOn(_ hash: Hash256) {
        guard reliance.isDoubted(by: hash) else { return }
        known = KnownDigests()
        if tree.reconsider(hash) { emit(.reconsidered) }
    }

    // MARK: replays

    /// A replay that the owner performs: where it can block, with nothing of the chain locked.
    struct ReplayTask: Sendable {
        let hash: Hash256
        let claim: TrainingClaim
        var confirms = false
        /// The digests were computed on this machine, perhaps from the same damaged text.
        var checksText = false
        /// The block of the claim where that is one below, which was right before, replayed for its weights.
        var remakes: Hash256?
        var begun: UInt64 = 0
        /// Weights that `moves` lead from to the ones that the block starts from; nil: the network's first ones.
        let start: ModelState?
        let moves: [ModelVault.Move]
        let vault: ModelVault

        func run(_ engine: ReplayEngine, cancel: CancellationFlag, firstStep: () -> Void) -> ReplayFinding {
            do {
                let parent = try vault.move(from: start, moves)
                return engine.replay(claim, parent: parent, confirms: confirms, checksText: checksText, cancel: cancel, firstStep: firstStep)
            } catch {
                return ReplayFinding(
                    outcome: .localFault(.environment("the weights after block \(claim.parentHash) cannot be made: \(error)")), known: .init())
            }
        }
    }

    /// Connects what is replayed, and says what to replay next; nil when there is nothing to gain.
    func nextReplay() throws(NodeError) -> ReplayTask? {
        try checkSound()
        try followBest()
        if let task = try remakingForBest() { return task }
        while let hash = tree.nextReplay() {
            if let task = try prepare(hash) { return task }
            try followBest()
        }
        return nil
    }

    /// Checks a block's transactions on its branch, which only now is known to be right up to its parent.
    private func prepare(_ hash: Hash256) throws(NodeError) -> ReplayTask? {
        guard let body = tree.body(hash), let block = try? Block(decoding: body.bytes), let parent = tree.parent(of: hash) else {
            tree.suspend(hash, reason: "block \(hash) cannot be read from memory; it is tried again, check the memory of this machine")
            return nil
        }
        if let verdict = contradiction(block) {
            settle(hash, verdict.violation, step: verdict.step)
            return nil
        }
        let source = try weights(after: parent)
        if case .replay(let next, let start)? = source { return try remaking(next, from: start, for: hash) }
        guard case .moves(let start, let moves)? = source else {
            tree.suspend(hash, reason: "block \(parent.hash) does not lead to the tip's chain; it is tried again, check the memory of this machine")
            return nil
        }
        do {
            try checkTransactions(block, on: parent)
        } catch let violation as BlockViolation {
            settle(hash, violation, step: 1)
            return nil
        } catch {
            throw error as? NodeError ?? NodeError(.storeFailed, "block \(hash) cannot be checked", cause: error)
        }
        let claim = TrainingClaim(
            header: block.header, parentHash: parent.hash, stepDigests: block.stepDigests)
        return ReplayTask(
            hash: hash, claim: claim, confirms: reliance.doubted == hash, checksText: tree.source(of: hash) == .local, start: start, moves: moves,
            vault: vault)
    }

    /// Takes over what a replay found.
    func finish(_ task: ReplayTask, _ finding: ReplayFinding) throws(NodeError) {
        try checkSound()
        let seed = parameters.workSeed(of: task.claim.header)
        replayedSteps += finding.steps
        if let alarm = finding.alarm { sound(alarm) }
        if case .backend? = finding.alarm { takeBackVerdicts() }
        if let remade = task.remakes { return try finishRemaking(task, remade, finding) }
        reliance.learn(finding, of: task.hash)
        switch finding.outcome {
        case .preempted, .localFault: break
        default: known.learn(finding.known, seed: seed)
        }
        switch finding.outcome {
        case .preempted: return tree.endReplay()
        case .valid(let result):
            retry = Self.firstRetry
            alarm = nil
            try takeOver(result, hash: task.hash)
        case .wrongDigest(let step, let expected, let actual):
            settle(task.hash, .training(step: step, expected: expected, actual: actual), step: step)
        case .endsTrajectory(let step, let reason): settle(task.hash, .trainingStep(step: step, reason: reason), step: step)
        case .localFault(let fault):
            if case .weights = fault { try reloadModel() }
            tree.suspend(task.hash, reason: fault.description)
            emit(.judged(hash: task.hash, fate: .localFault(fault.description)))
        }
        tree.endReplay()
        judgeOthers(of: seed)
        try followBest()
    }

    /// The claims of a seed of which more is known now are judged by comparing.
    private func judgeOthers(of seed: Hash256) {
        for hash in tree.waitingBlocks where tree[hash].map({ parameters.workSeed(of: $0.header) }) == seed {
            guard let body = tree.body(hash), let block = try? Block(decoding: body.bytes), let verdict = contradiction(block) else { continue }
            settle(hash, verdict.violation, step: verdict.step)
        }
    }

    /// What is known of a block's trajectory and says that it is false.
    private func contradiction(_ block: Block) -> (step: Int, violation: BlockViolation)? {
        switch known.judge(block.stepDigests, seed: parameters.workSeed(of: block.header)) {
        case .agrees: nil
        case .wrongDigest(let step, let expected, let actual): (step, .training(step: step, expected: expected, actual: actual))
        case .endsTrajectory(let step, let reason): (step, .trainingStep(step: step, reason: reason))
        }
    }

    /// A held block proved false.
    /// - Parameter step: of the training that did; nil when it was something that is looked at after the training
    func settle(_ hash: Hash256, _ violation: BlockViolation, step: Int?) {
        let source = tree.source(of: hash)
        let gone = condemn(hash, violation)
        emit(.judged(hash: hash, fate: fate(violation, peerCouldKnow: step == 1)))
        for other in gone where other != hash {
            emit(.judged(hash: other, fate: .invalid(rule: "bad-parent-invalid", detail: "an ancestor breaks \(violation.identifier)", peerCouldKnow: false)))
        }
        if let source { blame(source, hash: hash, step: step, violation: violation) }
    }

    /// Whoever delivered a false block loses its other ones. A relay looks at the first step only, so for a later one it is not
    /// called a liar.
    private func blame(_ source: BlockTree.Announcer, hash: Hash256, step: Int?, violation: BlockViolation) {
        guard source != .local else { return }
        for other in tree.forfeit(source) { emit(.judged(hash: other, fate: .noRoom)) }
        emit(step == 1 ? .lied(source, fault: "block \(hash): \(violation.identifier)") : .forfeited(source))
    }

    /// A block's training is right: connect it when it extends the tip, else keep the result beside the chain.
    func takeOver(_ result: ReplayResult, hash: Hash256) throws(NodeError) {
        guard let body = tree.body(hash), let block = try? Block(decoding: body.bytes), let parent = tree.parent(of: hash), parent.isReplayed
        else { return }
        let facts = BlockFacts(
            heldOutLoss: result.heldOutLoss, trainingLoss: result.trainingLoss.isFinite ? result.trainingLoss : nil,
            transactionCount: UInt32(clamping: block.transactions.count), size: UInt32(clamping: body.bytes.count))
        if body.source != .local { emit(.proved(body.source)) }
        zeroRowShare = result.zeroRowShare
        var batch = WriteBatch()
        batch.put(StoreKey.block(hash), body.bytes)
        vault.put(result.delta, of: hash, to: &batch)
        let record = BlockRecord(header: block.header, resultRoot: result.root, replayOrder: tree.nextReplayOrder, facts: facts)
        batch.put(record, of: hash)
        if parent.hash == tree.tip.hash {
            guard try connect(block, hash: hash, model: result.state, with: batch, replayed: result.root) else { return }
            self.facts[hash] = facts
            announceTip()
            return
        }
        let coins: OverlayCoins
        do { coins = try sideCoins(with: block, on: parent) } catch let violation as BlockViolation {
            return settle(hash, violation, step: nil)
        } catch {
            throw error as? NodeError ?? NodeError(.storeFailed, "block \(hash) cannot be checked", cause: error)
        }
        try persist(batch)
        tree.replayed(hash, root: result.root)
        self.facts[hash] = facts
        side = (hash, coins, result.state)
        // A block on the tip may come in between, and take the side's place.
        if remade?.block == parent.hash { remade = (hash, result.state) }
        if let block = tree[hash], block.work <= tree.tip.work { emit(.judged(hash: hash, fate: .sideChain)) }
    }

    /// The coins after a block beside the chain, all of it checked.
    private func sideCoins(with block: Block, on parent: BlockTree.Block) throws -> OverlayCoins {
        var coins = try coins(after: parent)
        guard let context = tree.context(on: parent.hash) else { throw NodeError(.unknownBlock, "block \(parent.hash) is not known") }
        coins.apply(try validator.connect(block, coins: coins, context: context).changes)
        return coins
    }

    /// The time has moved on: headers that were ahead of the clock may be due, and what this machine could not judge is tried again, after
    /// half a minute first and then ever more rarely.
    func tick() {
        let now = clock()
        if failure == nil { tellDeparture(of: mempool.expire(now: now)) }
        _ = tree.retryEarly(now: now)
        forgetRemade(now: now)
        if let waiting = resting, now >= remakingDue {
            resting = nil
            tree.retry(waiting)
        }
        guard !tree.suspensions.isEmpty, now >= retry.due || retry.due > now &+ Self.longestRetry else { return }
        if retry.due > 0 { tree.retrySuspended() }
        retry.wait = min(retry.wait * 2, Self.longestRetry)
        retry.due = now &+ retry.wait
    }

    /// Weights that were made again stay for a while after the last branch that needed them is gone, so that the next lie from there
    /// costs no more than a step.
    private func forgetRemade(now: UInt64) {
        guard remade != nil, tree.mostWork.hash == tree.tip.hash else { return unneededSince = nil }
        guard let since = unneededSince, since <= now else { return unneededSince = now }
        guard now - since >= Self.keptRemade else { return }
        (remade, unneededSince) = (nil, nil)
    }

    /// Seconds that weights are kept for which nobody asks.
    static let keptRemade: UInt64 = 600
    private static let firstRetry: (due: UInt64, wait: UInt64) = (0, 15)
    private static let longestRetry: UInt64 = 600

    /// Something is wrong with this machine: its operator is told.
    func sound(_ fault: LocalFault) {
        if case .backend = fault { backendAlarm = fault } else { alarm = fault }
        emit(.warning(NodeError(.localFault, fault.description)))
    }

    /// The weights in memory are not those of the tip: they are made again from what is stored.
    private func reloadModel() throws(NodeError) {
        (side, remade) = (nil, nil)
        do throws(NodeError) { model = try vault.load(tree: tree) } catch {
            fail(error)
            throw error
        }
    }
}
