import FlowConsensus
import FlowCrypto

/// A block of signed transactions, for measuring; its training is made up.
struct SampleBlock {
    let block: Block
    private let spent: [TransactionOutput]
    private let genesis = Keccak256.hash([1])

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

    func checkSignatures() -> Bool {
        block.transactions.dropFirst().allSatisfy { transaction in
            let hash = SignatureHash(transaction: transaction, spentOutputs: spent, domain: SignatureDomain(genesisHash: genesis, rulesRoot: .zero))
            return transaction.witnesses.enumerated().allSatisfy { index, witness in
                guard let (publicKey, signature) = witness.keyAndSignature else { return false }
                return publicKey.isValid(signature: signature, for: hash.digest(input: UInt32(index)))
            }
        }
    }
}
