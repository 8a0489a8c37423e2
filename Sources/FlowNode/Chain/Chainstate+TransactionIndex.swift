import FlowConsensus
import FlowCrypto
import FlowStore

/// Which block holds which transaction (`-txindex`). A row names a block, and counts only while that block is connected, so blocks that are left need no
/// change; the mark says up to which block of the branch there are rows.
extension Chainstate {
    /// Blocks that are read in one go while the index catches up.
    private static let indexPiece = 100

    /// From now on there is an index; what it lacks is written by `indexMore`.
    func openTransactionIndex() throws(NodeError) {
        indexed = try store.read(StoreKey.transactionIndex).flatMap { Hash256(bytes: $0) } ?? .zero
    }

    /// The connected block that holds a transaction; nil where there is no index, or where it has not come so far.
    func block(ofTransaction txid: Hash256) throws(NodeError) -> BlockIndexEntry? {
        guard indexed != nil, let hash = try store.read(StoreKey.blockOfTransaction(txid)).flatMap({ Hash256(bytes: $0) }), let block = tree[hash],
            block.isConnected
        else { return nil }
        return BlockIndexEntry(block, facts: facts[hash])
    }

    /// Whether blocks of the branch are not in the index.
    var isIndexBehind: Bool { indexed.map { $0 != tree.tip.hash } ?? false }

    /// Puts a block that joins the tip into the index, where that has come to its parent.
    func index(_ block: Block, hash: Hash256, to batch: inout WriteBatch) -> Bool {
        guard indexed == block.header.previousHash else { return false }
        put(block, hash: hash, to: &batch)
        return true
    }

    private func put(_ block: Block, hash: Hash256, to batch: inout WriteBatch) {
        for transaction in block.transactions { batch.put(StoreKey.blockOfTransaction(transaction.txid), hash.bytes) }
        batch.put(StoreKey.transactionIndex, hash.bytes)
    }

    /// Writes the next rows that the index lacks.
    /// - Returns: false when it lacks none
    func indexMore() throws(NodeError) -> Bool {
        guard let indexed, isIndexBehind else { return false }
        try checkSound()
        // Where the branch was left, its fork is covered; a block that is forgotten covers nothing.
        let last = tree[indexed].flatMap { $0.isConnected ? $0 : tree.fork(of: $0.hash) }
        var height = last.map { $0.height &+ 1 } ?? 0
        var batch = WriteBatch()
        var reached = last?.hash ?? indexed
        for _ in 0..<Self.indexPiece {
            guard let next = tree.connectedBlock(at: height) else { break }
            // The genesis block need not be stored.
            if let block = try store.block(next.hash) { put(block, hash: next.hash, to: &batch) }
            reached = next.hash
            height &+= 1
        }
        batch.put(StoreKey.transactionIndex, reached.bytes)
        try persist(batch, sync: false)
        self.indexed = reached
        return isIndexBehind
    }

    /// How far the index has come; nil without one.
    var transactionIndex: (height: BlockHeight, isSynced: Bool)? { indexed.map { (tree[$0]?.height ?? 0, !isIndexBehind) } }
}
