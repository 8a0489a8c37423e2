import FlowConsensus
import FlowCrypto

/// A block of signed transactions, for measuring; its training is made up.
struct SampleBlock {
    let block: Block
    private let spent: [TransactionOutput]
    private let genesis = ChainParameters.regtest.genesisHash

    init() throws {
        let key = try Ed25519.PrivateKey(seed: [UInt8](repeating: 3, count: 32))
        let output = TransactionOutput(value: Amount(haruki: 5_000), program: LockProgram(publicKey: key.publicKey))
        spent = [output, output]
        var transactions = [Transaction.coinbase(height: 1, outputs: [output])]
        for number in UInt32(0)..<1_000 {
            let source = Keccak256.hash([UInt8(number & 255), UInt8(number >> 8)])
            var transaction = Transaction(
                inputs: [0, 1].map { TransactionInput(outPoint: OutPoint(txid: source, index: $0)) }, outputs: [output, output])
            let hash = SignatureHash(transaction: transaction, spentOutputs: spent, domain: SignatureDomain(genesisHash: genesis, rulesRoot: .zero))
            transaction.witnesses = [UInt32(0), 1].map {
                Witness(publicKey: key.publicKey, signature: key.sign(hash.digest(input: $0)))
            }
            transactions.append(transaction)
        }
        let digests = (UInt8(0)..<16).map { Keccak256.hash([$0]) }
        let header = BlockHeader(
            previousHash: genesis, merkleRoot: BlockMerkle.root(transactions), modelRoot: genesis, height: 1, time: 1_774_051_200,
            bits: CompactTarget(bits: 0x201f_ffff), nonce: 7, steps: 16, deltaHash: genesis)
        block = Block(header: header, stepDigests: digests, transactions: transactions)
    }

    /// Finds the coins that the block spends, all of which are as they should be.
    func connectCoins() throws -> UnverifiedConnection {
        try Self.validator.connectCoins(block, coins: Coins(output: spent[0]), context: Parent(header: ChainParameters.regtest.genesisBlock.header))
    }

    static let validator = BlockValidator(parameters: .regtest)

    private struct Coins: CoinView {
        let output: TransactionOutput
        func coin(for outPoint: OutPoint) -> Coin? { Coin(output: output, height: 0, isCoinbase: false) }
    }

    private struct Parent: ChainContext {
        let header: BlockHeader
        var parent: BlockHeader { header }
        var parentHash: Hash256 { header.hash }
        var parentResultRoot: Hash256? { header.modelRoot }
        func header(at height: BlockHeight) -> BlockHeader? { header }
    }
}
