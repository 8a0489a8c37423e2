public import FlowConsensus
public import FlowCrypto
import FlowEncoding
public import FlowModel

/// What the node says about its chain in one moment.
public struct ChainStatus: Sendable {
    public let tip: BlockIndexEntry
    /// The header with the most claimed work.
    public let bestHeader: BlockIndexEntry
    public let medianTimePast: UInt64
    /// True while blocks that claim more work than the tip's chain wait for their replay.
    public let isSyncing: Bool
    public let isReplaying: Bool
}

extension ChainService {
    public var genesis: Hash256 { genesisHash }

    public func status() throws -> ChainStatus {
        let (tip, best) = (chain.tip, chain.bestHeader)
        return ChainStatus(
            tip: tip, bestHeader: best, medianTimePast: try medianTimePast(of: tip), isSyncing: best.chainWork > tip.chainWork,
            isReplaying: isReplaying)
    }

    /// The last block of the connected chain.
    public func tip() -> BlockIndexEntry { chain.tip }

    /// Median time of a block and the ten before it.
    public func medianTimePast(of entry: BlockIndexEntry) throws -> UInt64 {
        guard let context = chain.tree.context(on: entry.hash) else { throw NodeError(.unknownBlock, "block \(entry.hash) is not known") }
        return try context.medianTimePast()
    }

    /// Median time past of the tip: the time that lock times are compared with.
    public func medianTimePast() throws -> UInt64 { try medianTimePast(of: chain.tip) }

    public func entry(_ hash: Hash256) -> BlockIndexEntry? { chain.entry(hash) }

    /// A block of the connected chain.
    public func entry(at height: BlockHeight) -> BlockIndexEntry? { chain.entry(at: height) }

    public func isConnected(_ hash: Hash256) -> Bool { chain.tree[hash]?.isConnected ?? false }

    /// −1 for a block that is not on the tip's chain.
    public func confirmations(_ entry: BlockIndexEntry) -> Int64 { chain.confirmations(entry) }

    public func block(_ hash: Hash256) throws -> Block? { try chain.block(hash) }

    /// Blocks of the connected chain from a height on, at most `limit`.
    public func blocks(from height: BlockHeight, limit: Int = 100) throws -> [Block] { try chain.blocks(from: height, limit: limit) }

    /// An unspent output of the connected chain.
    public func coin(_ outPoint: OutPoint) throws -> Coin? { try chain.store.coin(for: outPoint) }

    /// What the node's operator should look at; empty when nothing is wrong.
    public func warnings() -> String { (chain.warningLines + sync.warnings).joined(separator: "; ") }

    // MARK: mempool

    /// Takes a transaction into the mempool.
    /// - Returns: its fee
    /// - Throws: `MempoolRejection`, or `NodeError` when the store fails
    @discardableResult
    public func submit(_ transaction: Transaction) throws -> Amount { try change { try $0.submit(transaction) } }

    /// All waiting transactions, parents before children, else the best paying first.
    public func mempoolEntries() -> [MempoolEntry] { chain.mempool.ordered }

    /// What came and went since the pool was in state `sequence`; all of it for nil, or where that is too long ago.
    public func mempoolChanges(since sequence: UInt64? = nil) -> MempoolChanges { MempoolChanges(of: chain.mempool, since: sequence) }

    /// Counts more or less for a transaction than it pays, in haruki, until a block holds it.
    func prioritise(_ txid: Hash256, by delta: Int64) throws { try change { $0.mempool.prioritise(txid, by: delta) } }

    /// Takes transactions that depend on each other, all or none.
    /// - Returns: why each is refused; all nil when they were taken
    func submit(package: [Transaction]) throws -> [MempoolRejection?] { try change { try $0.submit(package: package) } }

    // MARK: mining and model

    /// The next block on the tip, with the best paying transactions of the mempool.
    func blockTemplate() throws -> BlockTemplate {
        try checkRunning()
        return try chain.blockTemplate()
    }

    /// A template with the weights that its training starts from.
    /// - Parameter transactions: what stands in the block, in that order; nil for the best paying transactions of the mempool
    /// - Throws: `MempoolRejection` for one that the mempool would not take
    func miningJob(holding transactions: [Transaction]? = nil) throws -> (template: BlockTemplate, weights: ModelState) {
        guard let transactions else { return (try blockTemplate(), chain.model) }
        try checkRunning()
        return (try chain.blockTemplate(holding: chain.entries(of: transactions)), chain.model)
    }

    /// The tip and its weights, which never change.
    func modelSnapshot() -> (tip: BlockIndexEntry, weights: ModelState) { (chain.tip, chain.model) }

    /// The bytes of the weights whose root is `root` (binary32, little-endian, canonical order); nil unless the tip has them.
    public func modelState(root: Hash256) -> [UInt8]? { chain.tree.tip.resultRoot == root ? chain.model.bytes : nil }

    /// What a block's training changed, as `ModelDelta.encoded`; nil when it is unknown or no longer kept.
    public func modelDelta(of hash: Hash256) throws -> [UInt8]? { try chain.vault.deltaBytes(of: hash) }

    /// Height, steps kept, losses of the last blocks, newest last.
    public func lossHistory(limit: Int) -> [BlockIndexEntry] {
        let end = Int(chain.tree.tip.height) + 1
        return (end - min(end, max(0, limit))..<end).compactMap { chain.entry(at: BlockHeight($0)) }
    }

    /// Writes the tip's model as a GGUF file that llama.cpp loads; the file says which block it belongs to.
    /// - Returns: the tip at the moment of the call
    /// - Throws: `NodeError` with code `export` when the file cannot be written
    @discardableResult
    public func exportModel(to path: String, format: ExportFormat) async throws -> BlockIndexEntry {
        let (tip, weights) = modelSnapshot()
        let export = modelExport(of: tip, configuration: weights.configuration, format: format)
        do {
            try await BlockingThread(name: "flowcoin.export").run { try export.write(weights, toFile: path) }
        } catch {
            throw NodeError(.export, "the model cannot be written to \(path); choose a folder that exists and has room", cause: error)
        }
        return tip
    }

    /// The export of a block's model, with the metadata that binds the file to the chain.
    nonisolated func modelExport(of entry: BlockIndexEntry, configuration: ModelConfiguration, format: ExportFormat) -> ModelExport {
        ModelFile.export(
            configuration: configuration, format: format, network: parameters.name, genesisHash: genesisHash, height: entry.height,
            blockHash: entry.hash, modelRoot: entry.resultRoot)
    }
}
