import FlowConsensus
import FlowCrypto
@testable import FlowWallet

/// A chain of blocks without training: all that a wallet sees of one.
final actor TestChain: WalletChain {
    private(set) var blocks: [Block] = []
    private(set) var pool: [Transaction] = []
    private var left: [Hash256: Block] = [:]
    var refusal: String?

    init() { blocks = [Self.block(previous: .zero, height: 0, transactions: [])] }

    func refuse(_ reason: String?) { refusal = reason }

    func tipHeight() -> BlockHeight { BlockHeight(blocks.count - 1) }
    func blockHash(at height: BlockHeight) -> Hash256? {
        blocks.indices.contains(Int(height)) ? blocks[Int(height)].header.hash : nil
    }
    func block(_ hash: Hash256) -> Block? { blocks.first { $0.header.hash == hash } ?? left[hash] }

    func submit(_ transaction: Transaction) throws {
        if let refusal { throw WalletError.refused(refusal) }
        pool.append(transaction)
    }

    /// Adds a block that pays 50 FLOW to a program and holds the pool's transactions.
    func mine(to program: LockProgram, fork: UInt64 = 0) {
        let height = BlockHeight(blocks.count)
        let coinbase = Transaction.coinbase(
            height: height, outputs: [TransactionOutput(value: Amount(haruki: 50 * Amount.harukiPerFlow), program: program)])
        blocks.append(Self.block(
            previous: blocks[blocks.count - 1].header.hash, height: height, transactions: [coinbase] + pool, nonce: fork))
        pool = []
    }

    /// Takes the last blocks back.
    func rewind(_ count: Int) {
        for block in blocks.suffix(count) { left[block.header.hash] = block }
        blocks.removeLast(count)
    }

    private static func block(
        previous: Hash256, height: BlockHeight, transactions: [Transaction], nonce: UInt64 = 0
    ) -> Block {
        let header = BlockHeader(
            version: 1, previousHash: previous, merkleRoot: BlockMerkle.root(transactions), modelRoot: .zero, height: height,
            time: UInt64(height) * 600, bits: CompactTarget(bits: 0x201f_ffff), nonce: nonce, steps: 1, deltaHash: .zero)
        return Block(header: header, stepDigests: [], transactions: transactions)
    }
}
