import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore
import FlowTensor

/// What a start finds in the store, ready for the chain service to take over.
struct LoadedChain: @unchecked Sendable {
    let executor: WorkerExecutor
    let store: ChainStore
    let vault: ModelVault
    let index: BlockIndex
    let model: ModelState
    let genesisHash: Hash256
}

/// Opens the chain of a store, or starts it, and checks that tip, coins and model belong together. Blocks.
struct ChainLoader {
    static let formatVersion = "1"

    let store: ChainStore
    let environment: TrainingEnvironment
    private var parameters: ChainParameters { environment.parameters }

    init(store: any KeyValueStoring, environment: TrainingEnvironment) {
        self.store = ChainStore(store: store)
        self.environment = environment
    }

    func load(executor: WorkerExecutor) throws(NodeError) -> LoadedChain {
        let pool = environment.pool
        let vault = ModelVault(store: store, environment: environment)
        let genesis = parameters.genesisBlock
        try checkIdentity(genesis.hash)
        let index = BlockIndex()
        if try store.tip() == nil { try start(genesis, vault: vault, pool: pool) }
        fill(index, with: try store.indexEntries(), genesis: genesis.hash)
        guard let tipHash = try store.tip(), let tip = index[tipHash] else {
            throw NodeError(.storeCorrupted, "the tip is not in the block index; delete the data directory and let the node sync again")
        }
        guard let path = index.path(from: genesis.hash, to: tip) else {
            throw NodeError(.storeCorrupted, "the tip \(tipHash) does not lead back to the genesis block \(genesis.hash); delete the data directory and let the node sync again")
        }
        index.setActive([genesis.hash] + path.map(\.hash))
        let model = try loadModel(tip: tip, index: index, vault: vault, pool: pool)
        return LoadedChain(executor: executor, store: store, vault: vault, index: index, model: model, genesisHash: genesis.hash)
    }

    /// Takes the entries that lead back to the genesis block; a crash may leave one whose parent was only in memory.
    private func fill(_ index: BlockIndex, with entries: [BlockIndexEntry], genesis: Hash256) {
        let byParent = Dictionary(grouping: entries, by: \.header.previousHash)
        var open = entries.filter { $0.hash == genesis }
        while let entry = open.popLast() {
            index.insert(entry)
            open += byParent[entry.hash] ?? []
        }
    }

    /// Network, genesis block and corpus that the directory belongs to.
    private func identity(_ genesisHash: Hash256) -> [String] {
        [Self.formatVersion, parameters.name, genesisHash.displayHex, parameters.corpusRoot.displayHex]
    }

    private func checkIdentity(_ genesisHash: Hash256) throws(NodeError) {
        guard let bytes = try store.read(StoreKey.identity) else { return }
        let found = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        let expected = identity(genesisHash)
        guard found != expected else { return }
        guard found.count == expected.count else {
            throw NodeError(.foreignDataDirectory, "the data directory bears an unknown mark; choose another one with -datadir")
        }
        let names = ["format", "network", "genesis block", "corpus"]
        let differences = zip(names, zip(expected, found)).filter { $0.1.0 != $0.1.1 }.map { "\($0.0) \($0.1.1), expected \($0.1.0)" }
        throw NodeError(
            .foreignDataDirectory,
            "the data directory belongs to another chain: \(differences.joined(separator: "; ")). Nothing was changed there; choose another directory with -datadir, or start with the network and corpus that it was made with")
    }

    /// Writes the genesis block with its weights, all in one batch.
    private func start(_ genesis: Block, vault: ModelVault, pool: ThreadPool) throws(NodeError) {
        let state = ModelState(initialising: environment.stage(at: 0).configuration, seed: parameters.training.initialisationSeed)
        let root = state.root(pool: pool)
        guard root == parameters.genesisModelRoot else {
            throw NodeError(
                .configuration,
                "the network \(parameters.name) names \(parameters.genesisModelRoot) as the root of its first weights, they have \(root); correct genesisModelRoot in the network's parameters")
        }
        var entry = BlockIndexEntry(
            hash: genesis.hash, header: genesis.header, chainWork: ChainWork(of: genesis.header.bits), keptSteps: 0, sequence: 0)
        entry.resultRoot = root
        entry.hasStoredBody = true
        entry.transactionCount = UInt32(genesis.transactions.count)
        entry.size = UInt32(genesis.encoded.count)
        entry.heldOutLoss = try? ReplayEngine(environment: environment).heldOutLoss(state, after: 0)
        var batch = WriteBatch()
        batch.put(StoreKey.identity, Array(identity(genesis.hash).joined(separator: "\n").utf8))
        batch.put(StoreKey.block(genesis.hash), genesis.encoded)
        batch.put(entry)
        batch.putTip(genesis.hash)
        try vault.refresh(state: state, block: genesis.hash, dropping: [], with: batch)
    }

    /// The base snapshot with the deltas between its block and the tip; the root must be the one that the index has.
    private func loadModel(tip: BlockIndexEntry, index: BlockIndex, vault: ModelVault, pool: ThreadPool) throws(NodeError) -> ModelState {
        guard let base = try vault.base(), let baseEntry = index[base.block], let baseRoot = baseEntry.resultRoot else {
            throw NodeError(.storeCorrupted, "the model's base snapshot is missing; delete the data directory and let the node sync again")
        }
        let state = try vault.move(
            vault.loadBase(base, height: baseEntry.height, expectedRoot: baseRoot), from: baseEntry, to: tip, index: index)
        let root = state.root(pool: pool)
        guard root == tip.resultRoot else {
            throw NodeError(
                .storeCorrupted,
                "the model has root \(root), the tip \(tip.hash) needs \(tip.resultRoot.map { "\($0)" } ?? "one that is not known"); delete the data directory and let the node sync again")
        }
        return state
    }
}
