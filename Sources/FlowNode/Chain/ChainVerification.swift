import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowStore

/// Looks at the last blocks of a chain again, as they stood in one moment. Blocks; it belongs on a thread of its own.
struct ChainVerification: Sendable {
    /// How much is looked at; each level includes those below.
    enum Level: Int, Sendable, CaseIterable {
        /// The bodies are there and are those of their hashes.
        case bodies
        /// They keep the rules that need nothing but the block.
        case rules
        /// Their undo data fit.
        case undo
        /// Taken back one after the other, they leave the coins that their undo data say.
        case coins
        /// Connected again, with their signatures, they make the coins that are stored.
        case connection
    }

    let snapshot: any KeyValueReading
    let tree: BlockTree
    let validator: BlockValidator

    /// - Parameters:
    ///   - count: blocks from the tip down; the genesis block is compared with the network's
    ///   - progress: told the part that is done, 0 … 1
    /// - Returns: how many blocks were looked at
    /// - Throws: `NodeError` with the first fault, `CancellationError`
    func run(last count: Int, level: Level, cancel: CancellationFlag = CancellationFlag(), progress: (Double) -> Void = { _ in }) throws -> Int {
        let height = tree.tip.height
        let total = min(max(0, count), Int(height))
        var coins = SnapshotCoins(snapshot: snapshot)
        var bodies: [Block] = []
        let work = Double(max(1, level == .connection ? 2 * total : total))
        for index in 0..<total {
            try cancel.check()
            guard let entry = tree.connectedBlock(at: height - BlockHeight(index)) else { break }
            let block = try check(entry, level: level, coins: &coins)
            if level == .connection { bodies.append(block) }
            progress(Double(index + 1) / work)
        }
        for (index, block) in bodies.reversed().enumerated() {
            try cancel.check()
            try connect(block, coins: &coins)
            progress(Double(total + index + 1) / work)
        }
        if level == .connection, let outPoint = try coins.firstDifference() {
            throw fault(tree.tip, "connecting the last \(total) blocks again gives another coin \(outPoint) than the one that is stored")
        }
        return total
    }

    private func fault(_ block: BlockTree.Block, _ what: String, cause: (any Error)? = nil) -> NodeError {
        NodeError(.storeCorrupted, "block \(block.hash) at height \(block.height): \(what); delete the data directory and let the node sync again", cause: cause)
    }

    private func check(_ entry: BlockTree.Block, level: Level, coins: inout SnapshotCoins) throws -> Block {
        guard let bytes = try snapshot.get(StoreKey.block(entry.hash)) else { throw fault(entry, "its body is missing") }
        let block: Block
        do { block = try Block(decoding: bytes) } catch { throw fault(entry, "its body does not decode", cause: error) }
        guard block.header == entry.header else { throw fault(entry, "its body is that of block \(block.hash)") }
        guard level.rawValue >= Level.rules.rawValue else { return block }
        do throws(BlockViolation) {
            try validator.checkForm(block)
            try validator.checkDigestChain(block)
        } catch {
            throw fault(entry, "its body breaks \(error.identifier)", cause: error)
        }
        guard level.rawValue >= Level.undo.rawValue else { return block }
        guard let undoBytes = try snapshot.get(StoreKey.undo(entry.hash)) else { throw fault(entry, "its undo data are missing") }
        guard let undo = try? BlockUndo(decoding: undoBytes), let changes = undo.changes(disconnecting: block) else {
            throw fault(entry, "its undo data do not fit")
        }
        guard level.rawValue >= Level.coins.rawValue else { return block }
        for outPoint in changes.spent {
            guard let coin = try coins.coin(for: outPoint), coin.height == entry.height else {
                throw fault(entry, "the coin \(outPoint) that it made is missing, or another")
            }
        }
        for creation in changes.created where try coins.coin(for: creation.outPoint) != nil {
            throw fault(entry, "the coin \(creation.outPoint) that it spent is still there")
        }
        coins.apply(changes)
        return block
    }

    private func connect(_ block: Block, coins: inout SnapshotCoins) throws {
        guard let entry = tree[block.hash], let context = tree.context(on: block.header.previousHash) else { return }
        do {
            try validator.checkContext(block.header, context: context)
            coins.apply(try validator.connect(block, coins: coins, context: context).changes)
        } catch let violation as BlockViolation {
            throw fault(entry, "connected again, it breaks \(violation.identifier)", cause: violation)
        }
    }
}

/// The coins of one moment with changes laid over them.
private struct SnapshotCoins: CoinView {
    let snapshot: any KeyValueReading
    private var changed: [OutPoint: Coin?] = [:]

    init(snapshot: any KeyValueReading) { self.snapshot = snapshot }

    func coin(for outPoint: OutPoint) throws -> Coin? {
        if let known = changed[outPoint] { return known }
        return try stored(outPoint)
    }

    private func stored(_ outPoint: OutPoint) throws -> Coin? {
        guard let bytes = try snapshot.get(StoreKey.coin(outPoint)) else { return nil }
        do { return try Coin(decoding: bytes) } catch {
            throw NodeError(.storeCorrupted, "the stored coin \(outPoint) does not decode; delete the data directory and let the node sync again", cause: error)
        }
    }

    mutating func apply(_ changes: CoinChanges) {
        for outPoint in changes.spent { changed[outPoint] = .some(nil) }
        for creation in changes.created { changed[creation.outPoint] = creation.coin }
    }

    /// A coin that is another now than the stored one.
    func firstDifference() throws -> OutPoint? {
        for (outPoint, coin) in changed where try stored(outPoint) != coin { return outPoint }
        return nil
    }
}
