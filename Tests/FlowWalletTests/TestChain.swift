import FlowConsensus
import FlowCrypto
@testable import FlowWallet

/// A chain of blocks without training, and a pool: all that a wallet sees of a node. It checks of a transaction that its coins are there and unspent.
final actor TestChain: WalletChain {
    private(set) var blocks: [Block] = []
    private(set) var pool: [Transaction] = []
    private var changes: [(txid: Hash256, arrived: Bool)] = []
    private var left: [Hash256: Block] = [:]
    var refusal: String?
    /// Called before each answer to a scan.
    private var interruption: (@Sendable (isolated TestChain) -> Void)?

    init() { blocks = [Self.block(previous: .zero, height: 0, transactions: [])] }

    func refuse(_ reason: String?) { refusal = reason }
    func interrupt(_ body: (@Sendable (isolated TestChain) -> Void)?) { interruption = body }

    func tip() -> (hash: Hash256, height: BlockHeight) { (blocks[blocks.count - 1].header.hash, tipHeight()) }
    func tipHeight() -> BlockHeight { BlockHeight(blocks.count - 1) }
    func blockHash(at height: BlockHeight) -> Hash256? {
        blocks.indices.contains(Int(height)) ? blocks[Int(height)].header.hash : nil
    }

    func block(_ hash: Hash256) -> Block? { left[hash] ?? blocks.first { $0.header.hash == hash } }

    func blocks(from height: BlockHeight, limit: Int) -> [Block] {
        let found = Array(blocks.dropFirst(Int(height)).prefix(min(limit, 5)))
        interruption?(self)
        return found
    }

    func pool(since sequence: UInt64?) -> WalletPoolChanges {
        let held = Set(pool.map(\.txid))
        guard let sequence, sequence <= changes.count else {
            return WalletPoolChanges(
                sequence: UInt64(changes.count), isWhole: true, arrived: pool.map { .init(transaction: $0, txid: $0.txid, time: 1) }, left: [])
        }
        let touched = Set(changes[Int(sequence)...].map(\.txid))
        return WalletPoolChanges(
            sequence: UInt64(changes.count), isWhole: false,
            arrived: pool.filter { touched.contains($0.txid) }.map { .init(transaction: $0, txid: $0.txid, time: 1) }, left: touched.subtracting(held).sorted())
    }

    func submit(_ transaction: Transaction) throws {
        if let refusal { throw WalletError.refused(refusal) }
        let txid = transaction.txid
        if pool.contains(where: { $0.txid == txid }) { return }
        let replaced = try replaced(by: transaction)
        for rival in replaced { leave(rival.txid) }
        guard isAllowed(transaction) else {
            for rival in replaced { arrive(rival) }
            throw WalletError.refused("missing coins")
        }
        arrive(transaction)
    }

    /// What a transaction takes the place of, with what depends on that (BIP-125).
    private func replaced(by transaction: Transaction) throws -> [Transaction] {
        let spent = Set(transaction.inputs.map(\.outPoint))
        let rivals = pool.filter { !spent.isDisjoint(with: $0.inputs.map(\.outPoint)) }
        guard !rivals.isEmpty else { return [] }
        guard rivals.allSatisfy(\.signalsReplacement) else { throw WalletError.refused("txn-mempool-conflict") }
        var gone = rivals
        var names = Set(gone.map(\.txid))
        for other in pool where !names.contains(other.txid) && other.inputs.contains(where: { names.contains($0.outPoint.txid) }) {
            gone.append(other)
            names.insert(other.txid)
        }
        let least = gone.reduce(FeeRate.relay.fee(cost: transaction.cost).haruki) { $0 + fee(of: $1) }
        guard fee(of: transaction) >= least else { throw WalletError.refused("insufficient fee") }
        return gone
    }

    private func fee(of transaction: Transaction) -> Int64 {
        var values: [OutPoint: Int64] = [:]
        for known in blocks.flatMap(\.transactions) + pool {
            for (index, output) in known.outputs.enumerated() { values[OutPoint(txid: known.txid, index: UInt32(index))] = output.value.haruki }
        }
        return transaction.inputs.reduce(0) { $0 + (values[$1.outPoint] ?? 0) } - transaction.outputs.reduce(0) { $0 + $1.value.haruki }
    }

    private func arrive(_ transaction: Transaction) {
        pool.append(transaction)
        changes.append((transaction.txid, true))
    }

    private func leave(_ txid: Hash256) {
        pool.removeAll { $0.txid == txid }
        changes.append((txid, false))
    }

    private func isAllowed(_ transaction: Transaction) -> Bool {
        var coins: Set<OutPoint> = []
        for known in blocks.flatMap(\.transactions) + pool {
            for index in known.outputs.indices { coins.insert(OutPoint(txid: known.txid, index: UInt32(index))) }
            for input in known.inputs { coins.remove(input.outPoint) }
        }
        // Whether it is confirmed already shows in its coins too.
        return transaction.inputs.allSatisfy { coins.contains($0.outPoint) }
    }

    /// Adds a block that pays 50 FLOW to a program and holds the pool's transactions, or the first ones.
    func mine(to program: LockProgram, fork: UInt64 = 0, most: Int = .max) {
        let height = BlockHeight(blocks.count)
        let coinbase = Transaction.coinbase(
            height: height, outputs: [TransactionOutput(value: Amount(haruki: 50 * Amount.harukiPerFlow), program: program)])
        let chosen = Array(pool.prefix(most))
        blocks.append(Self.block(
            previous: blocks[blocks.count - 1].header.hash, height: height, transactions: [coinbase] + chosen, nonce: fork))
        for transaction in chosen { leave(transaction.txid) }
    }

    /// Takes the last blocks back; their transactions wait again, as far as their coins are there.
    func rewind(_ count: Int) {
        let gone = Array(blocks.suffix(count))
        for block in gone { left[block.header.hash] = block }
        blocks.removeLast(count)
        let waiting = gone.flatMap(\.transactions).filter { !$0.isCoinbase } + pool
        for transaction in pool { leave(transaction.txid) }
        for transaction in waiting where isAllowed(transaction) { arrive(transaction) }
    }

    /// The pool is lost, as in a node that forgets it.
    func forgetPool() { for transaction in pool { leave(transaction.txid) } }

    private static func block(
        previous: Hash256, height: BlockHeight, transactions: [Transaction], nonce: UInt64 = 0
    ) -> Block {
        let header = BlockHeader(
            version: 1, previousHash: previous, merkleRoot: BlockMerkle.root(transactions), modelRoot: .zero, height: height,
            time: UInt64(height) * 600, bits: CompactTarget(bits: 0x201f_ffff), nonce: nonce, steps: 1, deltaHash: .zero)
        return Block(header: header, stepDigests: [], transactions: transactions)
    }
}
