import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowStore

/// Typed access to the node's key-value store. Blocks; it is used from the chain service's executor only.
struct ChainStore: CoinView {
    let store: any KeyValueStoring

    private func decode<T: BinaryDecodable>(_ type: T.Type, _ key: [UInt8], _ what: String) throws(NodeError) -> T? {
        guard let bytes = try read(key) else { return nil }
        do {
            return try T(decoding: bytes)
        } catch {
            throw NodeError(.storeCorrupted, "the stored \(what) does not decode; delete the data directory and let the node sync again", cause: error)
        }
    }

    func read(_ key: [UInt8]) throws(NodeError) -> [UInt8]? {
        do { return try store.get(key) } catch { throw NodeError(store: error) }
    }

    func write(_ batch: WriteBatch, sync: Bool = true) throws(NodeError) {
        do { try store.write(batch, sync: sync) } catch { throw NodeError(store: error) }
    }

    func coin(for outPoint: OutPoint) throws -> Coin? {
        try decode(Coin.self, StoreKey.coin(outPoint), "coin \(outPoint)")
    }

    /// One of the coins that a transaction's outputs still are, if any is.
    func unspentCoin(of txid: Hash256) throws(NodeError) -> Coin? {
        var found: Coin?
        try scan(StoreKey.coinPrefix + txid.bytes, fault: "a coin of transaction \(txid) does not decode") { _, value in
            if found == nil { found = try Coin(decoding: value) }
        }
        return found
    }

    func block(_ hash: Hash256) throws(NodeError) -> Block? { try decode(Block.self, StoreKey.block(hash), "block \(hash)") }
    func blockBytes(_ hash: Hash256) throws(NodeError) -> [UInt8]? { try read(StoreKey.block(hash)) }
    func undo(_ hash: Hash256) throws(NodeError) -> BlockUndo? { try decode(BlockUndo.self, StoreKey.undo(hash), "undo data of block \(hash)") }
    func tip() throws(NodeError) -> Hash256? { try decode(Hash256.self, StoreKey.tip, "tip") }

    /// Visits a table's rows in the order of their keys.
    /// - Parameter fault: what it means that `body` throws
    private func scan(_ prefix: [UInt8], fault: String, _ body: ([UInt8], [UInt8]) throws -> Void) throws(NodeError) {
        do {
            try store.scan(prefix: prefix) { key, value in
                try body(key, value)
                return true
            }
        } catch let error as StoreError {
            throw NodeError(store: error)
        } catch {
            throw NodeError(.storeCorrupted, "\(fault); delete the data directory and let the node sync again", cause: error)
        }
    }

    /// Every replayed block, in no particular order.
    func records() throws(NodeError) -> [(hash: Hash256, record: BlockRecord)] {
        var found: [(hash: Hash256, record: BlockRecord)] = []
        try scan(StoreKey.indexPrefix, fault: "the block index does not decode") { _, value in
            let record = try BlockRecord(decoding: value)
            found.append((record.header.hash, record))
        }
        return found
    }

    /// What waited in the pool, in no particular order; nil for what does not decode, since none of it is worth a start that fails.
    func waiting() throws(NodeError) -> [(txid: Hash256, record: WaitingTransaction?)] {
        var found: [(txid: Hash256, record: WaitingTransaction?)] = []
        try scan(StoreKey.waitingPrefix, fault: "the waiting transactions cannot be read") { key, value in
            if let txid = Hash256(bytes: Array(key.dropFirst(StoreKey.waitingPrefix.count))) { found.append((txid, try? WaitingTransaction(decoding: value))) }
        }
        return found
    }

    /// Number and sum of all unspent outputs.
    func coinStatistics() throws(NodeError) -> CoinStatistics {
        var statistics = CoinStatistics(), last: ArraySlice<UInt8> = []
        try scan(StoreKey.coinPrefix, fault: "a stored coin does not decode") { key, value in
            statistics.count += 1
            statistics.total = statistics.total &+ (try Coin(decoding: value)).output.value.haruki
            // Coins stand in the order of their outpoints, which begin with the transaction's name.
            let txid = key.prefix(StoreKey.coinPrefix.count + Hash256.byteCount)
            if txid != last { statistics.transactions += 1 }
            last = txid
        }
        return statistics
    }

    /// A hash over all coins in the order of their outpoints: two nodes with the same coins have the same.
    func coinDigest() throws(NodeError) -> Hash256 {
        var hasher = Keccak256()
        try scan(StoreKey.coinPrefix, fault: "the coins cannot be read") { key, value in
            hasher.update(key)
            hasher.update(value)
        }
        return hasher.finalize()
    }
}

extension WriteBatch {
    mutating func put(_ record: BlockRecord, of hash: Hash256) { put(StoreKey.index(hash), record.encoded) }
    mutating func putTip(_ hash: Hash256) { put(StoreKey.tip, hash.bytes) }

    mutating func apply(_ changes: CoinChanges) {
        for outPoint in changes.spent { delete(StoreKey.coin(outPoint)) }
        for creation in changes.created { put(StoreKey.coin(creation.outPoint), creation.coin.encoded) }
    }
}

extension NodeError {
    /// A store's failure with the node's codes; the text of the store names path and way out.
    init(store error: StoreError) {
        let code: Code =
            switch error.code {
            case .diskFull: .diskFull
            case .locked: .lockedDataDirectory
            case .foreign: .foreignDataDirectory
            case .corrupted: .storeCorrupted
            default: .storeFailed
            }
        self.init(code, "\(error)")
    }
}
