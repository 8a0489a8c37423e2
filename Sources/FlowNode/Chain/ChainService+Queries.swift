public import FlowConsensus
public import FlowCrypto
import FlowEncoding
public import FlowModel
import FlowStore

/// What the node says about its chain in one moment.
public struct ChainStatus: Sendable {
    public let tip: BlockIndexEntry
    /// The header with the most claimed work.
    public let bestHeader: BlockIndexEntry
    public let medianTimePast: UInt64
    /// True while blocks that claim more work wait for their replay, or the tip is older than a day.
    public let isSyncing: Bool
    public let isReplaying: Bool
}

extension ChainService {
    public var genesis: Hash256 { genesisHash }

    public func status() throws -> ChainStatus {
        guard let tip = index.tip else { throw NodeError(.unknownBlock, "there is no tip yet") }
        let best = index.bestHeader ?? tip
        return ChainStatus(
            tip: tip, bestHeader: best, medianTimePast: try medianTimePast(of: tip), isSyncing: best.chainWork > tip.chainWork,
            isReplaying: replaying != nil)
    }

    /// The last block of the connected chain.
    public func tip() throws -> BlockIndexEntry {
        guard let tip = index.tip else { throw NodeError(.unknownBlock, "there is no tip yet") }
        return tip
    }

    /// Median time of a block and the ten before it.
    public func medianTimePast(of entry: BlockIndexEntry) throws -> UInt64 {
        try IndexContext(index: index, parentEntry: entry).medianTimePast()
    }

    /// Median time past of the tip: the time that lock times are compared with.
    public func medianTimePast() throws -> UInt64 { try medianTimePast(of: try tip()) }

    public func entry(_ hash: Hash256) -> BlockIndexEntry? { index[hash] }

    /// A block of the connected chain.
    public func entry(at height: BlockHeight) -> BlockIndexEntry? { index.active(at: height) }

    public func isConnected(_ hash: Hash256) -> Bool { index[hash].map { index.isActive($0) } ?? false }

    /// −1 for a block that is not on the tip's chain.
    public func confirmations(_ entry: BlockIndexEntry) -> Int64 {
        guard index.isActive(entry), let tip = index.tip else { return -1 }
        return Int64(tip.height) - Int64(entry.height) + 1
    }

    public func block(_ hash: Hash256) throws -> Block? { try body(hash) }

    /// True once the body is here, stored or not.
    public func hasBody(_ hash: Hash256) -> Bool { bodies[hash] != nil || index[hash]?.hasStoredBody == true }

    /// Blocks of the connected chain from a height on, at most `limit`.
    public func blocks(from height: BlockHeight, limit: Int = 100) throws -> [Block] {
        var found: [Block] = []
        var next = height
        while found.count < limit, let entry = index.active(at: next), let block = try body(entry.hash) {
            found.append(block)
            next += 1
        }
        return found
    }

    /// An unspent output of the connected chain.
    public func coin(_ outPoint: OutPoint) throws -> Coin? { try store.coin(for: outPoint) }

    /// An unspent output, counting the mempool: what it spends is gone, what it makes is there with the next height.
    public func coinWithMempool(_ outPoint: OutPoint) throws -> Coin? {
        if mempool.spender(of: outPoint) != nil { return nil }
        if let coin = mempool.coin(for: outPoint, height: (index.tip?.height ?? 0) &+ 1) { return coin }
        return try store.coin(for: outPoint)
    }

    /// Number, sum in haruki and digest of all unspent outputs. Reads them all.
    public func coinSummary() throws -> (tip: BlockIndexEntry, count: Int, total: Int64, digest: Hash256) {
        let statistics = try store.coinStatistics()
        return (try tip(), statistics.count, statistics.total, try store.coinDigest())
    }

    /// Bytes of all blocks of the tip's chain.
    public func sizeOfBlocks() -> UInt64 { index.active.reduce(0) { $0 &+ UInt64(index[$1]?.size ?? 0) } }

    /// What the node's operator should look at; empty when nothing is wrong.
    public func warnings() -> String { (unjudgeable.values.sorted() + [failure?.description].compactMap(\.self)).joined(separator: "; ") }

    /// Ends of all known branches.
    public func chainTips() -> [(entry: BlockIndexEntry, branchLength: Int, status: String)] {
        guard let tip = index.tip else { return [] }
        return (index.leaves + index.entries.values.filter { $0.isInvalid && (index.children[$0.hash] ?? []).isEmpty })
            .filter { $0.hash == tip.hash || !index.isActive($0) }
            .sorted { $0.height > $1.height }
            .map { entry in
                let length = Int(entry.height) - Int(index.fork(of: entry)?.height ?? 0)
                let status = entry.hash == tip.hash ? "active" : entry.isInvalid ? "invalid" : entry.isReplayed ? "valid-fork" : hasBody(entry.hash) ? "valid-headers" : "headers-only"
                return (entry, length, status)
            }
    }

    // MARK: sync

    func locator() -> [Hash256] { (index.bestHeader ?? index.tip).map { index.locator(from: $0) } ?? [] }

    func headers(after locator: [Hash256], stop: Hash256, limit: Int) -> [BlockHeader] {
        index.headers(after: locator, stop: stop, limit: limit).map(\.header)
    }

    /// Blocks to fetch, lowest first: those of branches that claim more work than the tip has, whose bodies are missing.
    /// Several branches are followed, since claimed work proves nothing.
    func missingBodies(branches: Int = 8) -> [BlockIndexEntry] {
        guard let tip = index.tip else { return [] }
        let leaves = index.leaves.filter { $0.chainWork > tip.chainWork }
            .sorted { ($0.chainWork, $1.sequence) > ($1.chainWork, $0.sequence) }.prefix(branches)
        var missing: [Hash256: BlockIndexEntry] = [:]
        for leaf in leaves {
            guard let fork = index.fork(of: leaf), tip.height - fork.height <= ConsensusLimits.automaticReplayDepth,
                let path = index.path(from: fork.hash, to: leaf)
            else { continue }
            for entry in path where !hasBody(entry.hash) { missing[entry.hash] = entry }
        }
        return missing.values.sorted { ($0.height, $0.sequence) < ($1.height, $1.sequence) }
    }

    /// The bytes of a block, wherever it is.
    func blockBytes(_ hash: Hash256) throws -> [UInt8]? {
        if let block = bodies[hash] { return block.encoded }
        guard index[hash]?.hasStoredBody == true else { return nil }
        return try store.blockBytes(hash)
    }

    /// True for a block whose header is known.
    func knows(_ hash: Hash256) -> Bool { index[hash] != nil }

    // MARK: model

    /// The tip and its weights, which never change.
    public func modelSnapshot() throws -> (tip: BlockIndexEntry, weights: ModelState) { (try tip(), model) }

    /// The bytes of the weights whose root is `root` (binary32, little-endian, canonical order); nil unless the tip has them.
    public func modelState(root: Hash256) throws -> [UInt8]? {
        guard index.tip?.resultRoot == root else { return nil }
        return model.bytes
    }

    /// What a block's training changed, as `ModelDelta.encoded`; nil when it is unknown or no longer kept.
    public func modelDelta(of hash: Hash256) throws -> [UInt8]? { try vault.deltaBytes(of: hash) }

    /// Height, steps kept, losses of the last blocks, newest last.
    public func lossHistory(limit: Int) -> [BlockIndexEntry] {
        guard let tip = index.tip else { return [] }
        let count = min(Int(tip.height) + 1, max(0, limit))
        return (Int(tip.height) + 1 - count..<Int(tip.height) + 1).compactMap { index.active(at: BlockHeight($0)) }
    }
}
