import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowStore

extension Chainstate {
    /// What is known of a block, invalid ones included.
    func entry(_ hash: Hash256) -> BlockIndexEntry? {
        if let block = tree[hash] { return BlockIndexEntry(block, facts: facts[hash]) }
        return tree.condemned(hash).map { BlockIndexEntry($0, hash: hash) }
    }

    /// A block of the connected chain.
    func entry(at height: BlockHeight) -> BlockIndexEntry? {
        tree.connectedBlock(at: height).map { BlockIndexEntry($0, facts: facts[$0.hash]) }
    }

    var tip: BlockIndexEntry { BlockIndexEntry(tree.tip, facts: facts[tree.tip.hash]) }

    /// The block that claims the most work.
    var bestHeader: BlockIndexEntry { BlockIndexEntry(tree.mostWork, facts: facts[tree.mostWork.hash]) }

    /// The bytes of a block, wherever it is.
    func blockBytes(_ hash: Hash256) throws(NodeError) -> [UInt8]? {
        if let body = tree.body(hash) { return body.bytes }
        return tree[hash]?.isReplayed == true ? try store.blockBytes(hash) : nil
    }

    /// Bytes of a block that can be served; nil for any other.
    func blockByteCount(_ hash: Hash256) -> Int? {
        if let body = tree.body(hash) { return body.bytes.count }
        return tree[hash]?.isReplayed == true ? facts[hash].map { Int($0.size) } : nil
    }

    func block(_ hash: Hash256) throws(NodeError) -> Block? {
        if let body = tree.body(hash) { return try? Block(decoding: body.bytes) }
        return tree[hash]?.isReplayed == true ? try store.block(hash) : nil
    }

    /// Blocks of the connected chain from a height on, at most `limit`.
    func blocks(from height: BlockHeight, limit: Int) throws(NodeError) -> [Block] {
        var found: [Block] = []
        var next = height
        while found.count < limit, let entry = tree.connectedBlock(at: next), let block = try store.block(entry.hash) {
            found.append(block)
            next += 1
        }
        return found
    }

    /// −1 for a block that is not on the tip's chain.
    func confirmations(_ entry: BlockIndexEntry) -> Int64 {
        tree[entry.hash]?.isConnected == true ? Int64(tree.tip.height) - Int64(entry.height) + 1 : -1
    }

    // MARK: figures

    var mempoolInfo: MempoolInfo { mempool.info(now: clock()) }

    /// Sums over all unspent outputs, and their digest where it is wanted. Reads them all.
    func coinSummary(isHashed: Bool) throws -> (tip: BlockIndexEntry, coins: CoinStatistics, digest: Hash256?) {
        (tip, try store.coinStatistics(), try isHashed ? store.coinDigest() : nil)
    }

    /// Bytes of all blocks of the tip's chain.
    var sizeOfBlocks: UInt64 { facts.reduce(0) { $0 &+ (tree[$1.key]?.isConnected == true ? UInt64($1.value.size) : 0) } }

    /// How many transactions the tip's chain holds up to a height.
    func transactionCount(through height: BlockHeight) -> Int64 {
        (0...height).reduce(0) { $0 + Int64(clamping: entry(at: $1)?.transactionCount ?? 0) }
    }

    /// The coins that the transactions of a block spend, the coinbase left out: for each one per input. nil for a block that was never connected.
    func spentCoins(of hash: Hash256) throws -> [[Coin]]? {
        guard let block = tree[hash], block.isReplayed else { return nil }
        return block.height == 0 ? [] : try store.undo(hash)?.spentCoins
    }

    /// The last blocks, to be looked at again as they stand now.
    func verification() throws(NodeError) -> ChainVerification { ChainVerification(snapshot: try snapshot(), tree: tree, validator: validator) }

    /// All coins as they stand now.
    func coinScan() throws(NodeError) -> CoinScan { CoinScan(snapshot: try snapshot(), tip: tip) }

    private func snapshot() throws(NodeError) -> any KeyValueReading {
        do { return try store.store.snapshot() } catch { throw NodeError(store: error) }
    }

    // MARK: branches

    /// Ends of all known branches.
    func chainTips() -> [ChainTip] {
        let tip = tree.tip
        let ends = tree.tips.filter { !$0.isConnected || $0.hash == tip.hash }.map { block in
            let status: ChainTip.Status =
                block.hash == tip.hash ? .active : block.isReplayed ? .validFork : tree.body(block.hash) != nil ? .validHeaders : .headersOnly
            return ChainTip(
                entry: BlockIndexEntry(block, facts: facts[block.hash]),
                branchLength: Int(block.height) - Int(tree.fork(of: block.hash)?.height ?? 0), status: status)
        }
        let condemned = tree.condemnedBlocks
        let parents = Set(condemned.values.map(\.header.previousHash))
        let invalid = condemned.filter { !parents.contains($0.key) }.map { hash, block in
            var lowest = block.header
            while let below = condemned[lowest.previousHash] { lowest = below.header }
            let fork = tree.fork(of: lowest.previousHash)?.height ?? 0
            return ChainTip(
                entry: BlockIndexEntry(block, hash: hash), branchLength: Int(block.header.height) - Int(fork), status: .invalid)
        }
        return (ends + invalid).sorted { ($0.entry.height, $0.entry.hash.displayHex) > ($1.entry.height, $1.entry.hash.displayHex) }
    }

    /// What the node's operator should look at; empty when nothing is wrong.
    var warningLines: [String] {
        // Over once the block is there again.
        let loss = loss.flatMap { tree[$0.hash]?.isReplayed == true ? nil : $0.error }
        return Set(tree.suspensions.values).union(
            [alarm?.description, backendAlarm?.description, failure?.description, loss?.description].compactMap(\.self)).sorted()
    }
}

/// The end of a branch, as `getchaintips` shows it.
struct ChainTip: Sendable {
    enum Status: String, Sendable {
        case active
        /// Replayed, with less work than the tip's chain or as much.
        case validFork = "valid-fork"
        /// Its body waits for a replay.
        case validHeaders = "valid-headers"
        case headersOnly = "headers-only"
        case invalid
    }

    let entry: BlockIndexEntry
    /// Blocks since the branch left the tip's chain.
    let branchLength: Int
    let status: Status
}
