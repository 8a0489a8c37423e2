public import FlowConsensus
import FlowCrypto
public import FlowModel
public import FlowStore
public import FlowTensor

/// Owns the chain: index, coins, model and mempool that belong to one tip. Runs on a thread of its own, because it waits
/// for the disk; replays run on another, so that questions are answered meanwhile.
///
/// Every block moves the tip with one synced batch that holds block, index, undo data, coins, model delta and the mark of
/// the tip, so whatever happens to the process, what is stored belongs together.
public actor ChainService {
    private nonisolated let executor: WorkerExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public nonisolated let parameters: ChainParameters
    nonisolated let genesisHash: Hash256
    nonisolated let environment: TrainingEnvironment
    nonisolated let clock: @Sendable () -> UInt64
    private nonisolated let broadcast = Broadcast<NodeEvent>()
    nonisolated let worker: ReplayWorker

    nonisolated let validator: BlockValidator
    let store: ChainStore
    let vault: ModelVault
    let index: BlockIndex
    /// Weights after the tip's training, grown where the next height calls for it: what the next block starts from. Never changed once set: a new tip gets a new state.
    var model: ModelState
    var mempool: Mempool

    /// Bodies that extend the tip and are stored with the batch that connects them.
    var bodies: [Hash256: Block] = [:]
    /// Blocks with a stored or held body that wait for a replay.
    var pending: Set<Hash256> = []
    /// Replayed blocks that are not part of the tip's chain.
    var replayedAside: Set<Hash256> = []
    /// Blocks that this machine could not judge; not tried again before a restart.
    var unjudgeable: [Hash256: String] = [:]
    /// What the checked transactions of a block on the tip change, until it is connected.
    var checkedConnection: (block: Hash256, parent: Hash256, connection: BlockConnection)?
    var orphans = OrphanBlocks()
    var waiters: [Hash256: [CheckedContinuation<BlockFate, Never>]] = [:]
    var replaying: (hash: Hash256, cancel: CancellationFlag)?
    var sideState: (block: Hash256, state: ModelState)?
    var isActivating = false
    var isStopped = false
    var failure: NodeError?

    init(loaded: consuming LoadedChain, environment: TrainingEnvironment, mempool: Mempool, clock: @escaping @Sendable () -> UInt64) {
        executor = loaded.executor
        parameters = environment.parameters
        genesisHash = loaded.genesisHash
        self.environment = environment
        self.clock = clock
        worker = ReplayWorker(environment: environment)
        validator = BlockValidator(parameters: environment.parameters)
        store = loaded.store
        vault = loaded.vault
        index = loaded.index
        model = loaded.model
        self.mempool = mempool
        for entry in loaded.index.entries.values where !entry.isInvalid {
            if entry.isReplayed {
                if !loaded.index.isActive(entry) { replayedAside.insert(entry.hash) }
            } else if entry.hasStoredBody {
                pending.insert(entry.hash)
            }
        }
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
        store: any KeyValueStoring, environment: TrainingEnvironment, policy: MempoolPolicy = MempoolPolicy(),
        clock: @escaping @Sendable () -> UInt64
    ) async throws -> ChainService {
        let executor = WorkerExecutor(name: "flowcoin.chain")
        let loading = BlockingThread(name: "flowcoin.load")
        let loaded = try await loading.run { try ChainLoader(store: store, environment: environment).load(executor: executor) }
        let service = ChainService(loaded: loaded, environment: environment, mempool: Mempool(policy: policy), clock: clock)
        await service.poke()
        return service
    }

    // MARK: events

    /// Everything that happens from now on.
    public nonisolated func events() -> AsyncStream<NodeEvent> { broadcast.stream() }

    nonisolated func send(_ event: NodeEvent) { broadcast.send(event) }

    /// Ends replays and events. Nothing is lost: what is connected is stored.
    public func stop() {
        isStopped = true
        replaying?.cancel.cancel()
        for list in waiters.values {
            for waiter in list { waiter.resume(returning: .localFault("the node stops")) }
        }
        waiters = [:]
        broadcast.finish()
    }

    /// A failure of the store ends all changes; what is stored stays whole.
    func fail(_ error: NodeError) {
        guard failure == nil else { return }
        failure = error
        isStopped = true
        replaying?.cancel.cancel()
        send(.fault(error))
        for list in waiters.values {
            for waiter in list { waiter.resume(returning: .localFault(error.description)) }
        }
        waiters = [:]
    }

    func checkRunning() throws(NodeError) {
        if let failure { throw failure }
        if isStopped { throw NodeError(.stopped, "the node is stopping; start it again") }
    }

    // MARK: fates

    /// Tells everyone who waits what became of a block.
    func judge(_ hash: Hash256, _ fate: BlockFate) {
        send(.judged(hash: hash, fate: fate))
        for waiter in waiters.removeValue(forKey: hash) ?? [] { waiter.resume(returning: fate) }
    }
}
