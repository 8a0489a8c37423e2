import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore
import FlowTensor

/// What a start finds in the store, ready for the chain service to take over.
struct LoadedChain: Sendable {
    let store: ChainStore
    let vault: ModelVault
    let tree: BlockTree
    let facts: [Hash256: BlockFacts]
    let model: ModelState
}

/// Opens the chain of a store, or starts it, and checks that tip, coins and model belong together. Blocks.
struct ChainLoader {
    static let formatVersion = "3"

    let store: ChainStore
    let environment: TrainingEnvironment
    private var parameters: ChainParameters { environment.parameters }

    init(store: any KeyValueStoring, environment: TrainingEnvironment) {
        self.store = ChainStore(store: store)
        self.environment = environment
    }

    func load(limits: BlockTree.Limits = BlockTree.Limits()) throws(NodeError) -> LoadedChain {
        let vault = ModelVault(store: store, environment: environment)
        let genesis = parameters.genesisBlock
        try checkIdentity(genesis.hash)
        if try store.tip() == nil { try start(genesis, vault: vault) }
        guard let tip = try store.tip() else {
            throw NodeError(.storeCorrupted, "the mark of the tip is missing; delete the data directory and let the node sync again")
        }
        let all = try store.records().map { (hash: $0.hash, record: $0.record) }
        try checkAmendments(all.map { ($0.hash, $0.record.header) }, tip: tip)
        // What was replayed beside the chain under other rules is of no use any more.
        let records = all.filter { isOfTheseRules($0.record.header) }
        var tree = BlockTree(validator: BlockValidator(parameters: parameters), limits: limits)
        let isWhole = tree.restore(
            records.map { .init(hash: $0.hash, header: $0.record.header, resultRoot: $0.record.resultRoot, replayOrder: $0.record.replayOrder) },
            tip: tip)
        guard isWhole else {
            throw NodeError(.storeCorrupted, "the tip \(tip) does not lead back to the genesis block \(genesis.hash); delete the data directory and let the node sync again")
        }
        let model = try vault.load(tree: tree)
        let facts = Dictionary(records.map { ($0.hash, $0.record.facts) }, uniquingKeysWith: { first, _ in first })
        return LoadedChain(store: store, vault: vault, tree: tree, facts: facts, model: model)
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

    private func isOfTheseRules(_ header: BlockHeader) -> Bool {
        header.version == parameters.amendments.blockVersion(at: header.height)
    }

    /// The tip's chain has to have been built under the amendments that the node follows now.
    private func checkAmendments(_ headers: [(Hash256, BlockHeader)], tip: Hash256) throws(NodeError) {
        let byHash = Dictionary(headers, uniquingKeysWith: { first, _ in first })
        guard var first = byHash[tip], !isOfTheseRules(first) else { return }
        // Lists that differ at a height differ above it too.
        while let parent = byHash[first.previousHash], !isOfTheseRules(parent) { first = parent }
        throw NodeError(
            .foreignDataDirectory,
            "the chain in the data directory was built under other amendments from height \(first.height) on. Nothing was changed there; start with the list that it was built under, or choose another directory with -datadir and sync again")
    }

    /// Writes the genesis block with its weights, all in one batch.
    private func start(_ genesis: Block, vault: ModelVault) throws(NodeError) {
        let state = vault.firstWeights()
        let root = state.root(pool: environment.pool)
        guard root == parameters.genesisModelRoot else {
            throw NodeError(
                .configuration,
                "the network \(parameters.name) names \(parameters.genesisModelRoot) as the root of its first weights, they have \(root); correct genesisModelRoot in the network's parameters")
        }
        let facts = BlockFacts(
            heldOutLoss: try? ReplayEngine(environment: environment).heldOutLoss(state, after: 0), trainingLoss: nil,
            transactionCount: UInt32(clamping: genesis.transactions.count), size: UInt32(clamping: genesis.encodedLength))
        var batch = WriteBatch()
        batch.put(StoreKey.identity, Array(identity(genesis.hash).joined(separator: "\n").utf8))
        batch.put(StoreKey.block(genesis.hash), genesis.encoded)
        batch.put(BlockRecord(header: genesis.header, resultRoot: root, replayOrder: 0, facts: facts), of: genesis.hash)
        batch.putTip(genesis.hash)
        try vault.refresh(state: state, block: genesis.hash, dropping: [], with: batch)
    }
}
