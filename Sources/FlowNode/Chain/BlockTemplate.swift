import FlowConsensus
import FlowCrypto

/// All that a miner needs to know of the next block, apart from the weights.
struct BlockTemplate: Sendable {
    let version: UInt32
    let previousHash: Hash256
    /// Root of the weights that the training starts from.
    let modelRoot: Hash256
    let height: BlockHeight
    /// A time that the rules allow now, seconds since 1970.
    let time: UInt64
    /// The lowest time that the rules allow.
    let minimumTime: UInt64
    let bits: CompactTarget
    /// Transactions to confirm, without the coinbase, in an order that the rules allow.
    let transactions: [MempoolEntry]
    /// Subsidy and fees: the most that the coinbase may pay.
    let coinbaseValue: Amount
    /// The learning rate of each step in units of 2^−20, first step first.
    let learningRateUnits: [UInt32]
    /// S: the most steps of a trajectory.
    let stepsPerBlock: UInt32
    /// k0: the first step that is a ticket.
    let firstPayingStep: UInt32
    let corpus: CorpusReference
    /// Names the amendments in force; the last part of the work seed.
    let rulesRoot: Hash256

    /// The block with all but its ticket: nonce and steps are 0, the delta hash zero, the digests empty.
    /// - Parameters:
    ///   - program: who is paid
    ///   - data: at most 100 bytes of the miner's own
    func block(paying program: LockProgram, data: [UInt8] = []) -> Block {
        let coinbase = Transaction.coinbase(
            height: height, outputs: [TransactionOutput(value: coinbaseValue, program: program)], data: Array(data.prefix(100)))
        let all = [coinbase] + transactions.map(\.transaction)
        let header = BlockHeader(
            version: version, previousHash: previousHash, merkleRoot: BlockMerkle.root(all), modelRoot: modelRoot, height: height,
            time: time, bits: bits, nonce: 0, steps: 0, deltaHash: .zero)
        return Block(header: header, stepDigests: [], transactions: all)
    }
}
