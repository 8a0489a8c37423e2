public import FlowConsensus
public import FlowCrypto
public import FlowModel
public import FlowStore
public import FlowTensor
import Logging

/// A chain for many users: performs what the chainstate decides, on a thread of its own because it waits for the disk; replays
/// run on another, so that questions are answered meanwhile. It decides nothing.
public actor ChainService {
    private nonisolated let executor: WorkerExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public nonisolated let parameters: ChainParameters
    nonisolated let genesisHash: Hash256
    nonisolated let environment: TrainingEnvironment
    nonisolated let clock: @Sendable () -> UInt64
    private nonisolated let broadcast = Broadcast<NodeEvent>()
    private nonisolated let worker: ReplayWorker

    let chain: Chainstate
    /// Writes down outside the store which tip it holds; nil without a data directory.
    private nonisolated let marks: TipMarkKeeper?
    /// What peers are told and asked.
    private(set) var sync = BlockSync()
    private var waiters: [Hash256: [CheckedContinuation<BlockFate, Never>]] = [:]
    private var replaying: (hash: Hash256, cancel: CancellationFlag)?
    private var isActivating = false
    private var isIndexing = false
    private var isStopped = false
    /// Hands what the sync decided to the network.
    private var perform: @Sendable ([BlockSync.Action]) -> Void = { _ in }

    private init(
        loaded: consuming LoadedChain, environment: TrainingEnvironment, mempool: Mempool, marks: TipMarkKeeper?, clock: @escaping @Sendable () -> UInt64
    ) {
        self.marks = marks
        executor = WorkerExecutor(name: "flowcoin.chain")
        parameters = environment.parameters
        self.environment = environment
        self.clock = clock
        worker = ReplayWorker(environment: environment)
        chain = Chainstate(loaded: loaded, environment: environment, mempool: mempool, clock: clock)
        genesisHash = chain.tree.genesisHash
    }

    /// Opens or creates the chain in a store, without peers or a data directory.
    /// - Parameters:
    ///   - sampler: draws batches from the network's corpus
    ///   - clock: the present, in seconds since 1970
    /// - Throws: `NodeError`: foreign directory, damaged store, model that does not belong to the tip
    public static func open(
        store: any KeyValueStoring, parameters: ChainParameters, sampler: BatchSampler, backend: any MatrixBackend, pool: ThreadPool,
        policy: MempoolPolicy = MempoolPolicy(), clock: @escaping @Sendable () -> UInt64
    ) async throws -> ChainService {
        let environment = try TrainingEnvironment(
            parameters: parameters, corpus: sampler.corpus, backend: backend, pool: pool)
        return try await open(store: store, environment: environment, policy: policy, clock: clock)
    }

    static func open(
        store: any KeyValueStoring, environment: TrainingEnvironment, policy: MempoolPolicy = MempoolPolicy(), mark: DurableFile? = nil,
        keepsMempool: Bool = true, indexesTransactions: Bool = false, clock: @escaping @Sendable () -> UInt64
    ) async throws -> ChainService {
        let loading = BlockingThread(name: "flowcoin.load")
        let marks = mark.map { TipMarkKeeper(file: $0) }
        let (loaded, found) = try await loading.run { (try ChainLoader(store: store, environment: environment).load(), marks?.read()) }
        let service = ChainService(loaded: loaded, environment: environment, mempool: Mempool(policy: policy), marks: marks, clock: clock)
        await service.compare(with: found)
        try await service.prepare(keepsMempool: keepsMempool, indexesTransactions: indexesTransactions)
        await service.poke()
        return service
    }

    /// Says what the store lacks, where it held more.
    private func compare(with mark: TipMark?) {
        if let mark, let loss = mark.loss(in: chain.tree) {
            chain.loss = (mark.hash, loss)
            Logger(label: "flowcoin.chain").warning("\(loss)")
            chain.emit(.warning(loss))
        }
        marks?.write(TipMark(chain.tree.tip, genesis: genesisHash))
    }

    private func prepare(keepsMempool: Bool, indexesTransactions: Bool) throws {
        chain.keepsMempool = keepsMempool
        try change { chain in
            if indexesTransactions { try chain.openTransactionIndex() }
            try chain.loadMempool()
        }
    }

    // MARK: events

    /// Everything that happens from now on.
    public nonisolated func events() -> AsyncStream<NodeEvent> { broadcast.stream() }

    nonisolated func send(_ event: NodeEvent) { broadcast.send(event) }

    /// Ends replays and events. Nothing is lost: what is connected is stored.
    public func stop() async {
        isStopped = true
        replaying?.cancel.cancel()
        resumeAll(.localFault("the node stops"))
        broadcast.finish()
        await marks?.finish()
    }

    private func resumeAll(_ fate: BlockFate) {
        let all = waiters
        waiters = [:]
        for waiter in all.values.joined() { waiter.resume(returning: fate) }
    }

    func checkRunning() throws(NodeError) {
        try chain.checkSound()
        if isStopped { throw NodeError(.stopped, "the node is stopping; start it again") }
    }

    /// Does what calls of the chainstate left to do, in order.
    private func settle() {
        // Before anybody is told. A store that fails ends all changes.
        try? chain.saveMempool()
        for effect in chain.takeEffects() {
            if case .event(let event) = effect {
                if case .judged(let hash, let fate) = event {
                    for waiter in waiters.removeValue(forKey: hash) ?? [] { waiter.resume(returning: fate) }
                }
                // The tip was stored before anybody is told of it.
                if case .tip = event { marks?.write(TipMark(chain.tree.tip, genesis: genesisHash)) }
                send(event)
            }
            perform(sync.handle(effect, chain: chain))
        }
        guard let failure = chain.failure, !isStopped else { return }
        isStopped = true
        replaying?.cancel.cancel()
        resumeAll(.localFault(failure.description))
    }

    /// Changes the chain and does what follows from it.
    func change<R>(_ body: (Chainstate) throws -> R) throws -> R {
        try checkRunning()
        defer {
            settle()
            poke()
        }
        return try body(chain)
    }

    /// Looks at the chain in one moment.
    func read<R: Sendable>(_ body: @Sendable (Chainstate) throws -> R) rethrows -> R { try body(chain) }

    // MARK: peers

    /// Sets who performs what the sync decides.
    func connectSync(perform: @escaping @Sendable ([BlockSync.Action]) -> Void) { self.perform = perform }

    /// Something happened on the network, or time has passed.
    func handle(_ event: BlockSync.Event, now: Duration) {
        guard !isStopped else { return }
        perform(sync.handle(event, now: now, chain: chain))
        settle()
        poke()
    }

    // MARK: blocks

    /// Takes headers in chain order.
    /// - Returns: how many are new, and why the first that was not taken was not
    public func accept(headers: [BlockHeader], from announcer: BlockTree.Announcer = .local) throws -> BlockTree.HeaderOutcome {
        try change { try $0.accept(headers: headers, from: announcer) }
    }

    /// Hands a block over and waits until its fate is known.
    public func submit(_ block: Block) async throws -> BlockFate {
        if let fate = try accept(block) { return fate }
        let hash = block.hash
        if let fate = settledFate(hash) { return fate }
        return await withCheckedContinuation { waiters[hash, default: []].append($0) }
    }

    /// Hands a block over and does all checks that cost little.
    /// - Returns: its fate where that is known at once; nil when a replay will tell (see the `judged` event)
    public func accept(_ block: Block, from announcer: BlockTree.Announcer = .local) throws -> BlockFate? {
        try change { try $0.accept(block, from: announcer) }
    }

    /// Lets a block that was called invalid be judged again, once it is handed over again.
    /// - Returns: false when it is not known to break a rule
    public func reconsider(_ hash: Hash256) throws -> Bool { try change { try $0.reconsider(hash) } }

    /// Mining met a fault of this machine.
    func warn(of fault: LocalFault) throws { try change { $0.sound(fault) } }

    // MARK: replays

    /// Looks for work: connects what is replayed, replays what may lead to more work. One replay at a time.
    private func poke() {
        guard !isStopped else { return }
        indexOn()
        if isActivating {
            if let replaying, chain.tree.shouldPreempt(replayOf: replaying.hash) { replaying.cancel.cancel() }
            return
        }
        isActivating = true
        Task { await activate() }
    }

    /// Writes down what the index of transactions lacks, a piece at a time, so that others get their turns.
    private func indexOn() {
        guard !isIndexing, chain.isIndexBehind else { return }
        isIndexing = true
        Task {
            while !isStopped, (try? chain.indexMore()) == true { await Task.yield() }
            isIndexing = false
            settle()
        }
    }

    private func activate() async {
        while !isStopped {
            do throws(NodeError) {
                guard let task = try chain.nextReplay() else { break }
                settle()
                let cancel = CancellationFlag()
                replaying = (task.hash, cancel)
                let finding = await worker.run { [weak self] engine in
                    task.run(engine, cancel: cancel) {
                        Task { await self?.firstStepProved(task.hash) }
                    }
                }
                replaying = nil
                if isStopped { break }
                try chain.finish(task, finding)
            } catch {
                chain.fail(error)
            }
            settle()
        }
        isActivating = false
        settle()
        settleWaiters()
    }

    private func firstStepProved(_ hash: Hash256) {
        guard chain.tree.condemned(hash) == nil else { return }
        chain.emit(.relayable(hash: hash))
        settle()
    }

    /// The fate of a block that is known without waiting.
    private func settledFate(_ hash: Hash256) -> BlockFate? {
        if let condemned = chain.tree.condemned(hash) {
            return .invalid(rule: condemned.rule, detail: condemned.reason, peerCouldKnow: false)
        }
        guard let block = chain.tree[hash] else { return .noRoom }
        if block.isConnected { return .connected }
        if let fault = chain.tree.suspensions[hash] { return .localFault(fault) }
        if isStopped { return .localFault(chain.failure?.description ?? "the node stops") }
        return isActivating ? nil : .sideChain
    }

    private func settleWaiters() {
        for hash in Array(waiters.keys) {
            guard let fate = settledFate(hash) else { continue }
            for waiter in waiters.removeValue(forKey: hash) ?? [] { waiter.resume(returning: fate) }
        }
    }

    var isReplaying: Bool { replaying != nil }
}
