public import FlowCrypto
import FlowEncoding

extension ChainParameters {
    static let genesisTag = Array("flowcoin/parameters".utf8)

    /// The first block, made from the parameters alone. It is exempt from the rules on training, lock time and the length of
    /// the coinbase data, its coinbase makes no coin, and no node checks it: it is compared with this value.
    public var genesisBlock: Block {
        let coinbase = Transaction(
            version: 1, inputs: [TransactionInput(outPoint: .null)],
            outputs: [
                TransactionOutput(
                    value: subsidy(at: 0),
                    program: LockProgram(version: 0, bytes: [UInt8](repeating: 0, count: LockProgram.keyHashLength)))
            ],
            coinbaseData: Array(genesisMessage.utf8))
        let header = BlockHeader(
            previousHash: .zero, merkleRoot: BlockMerkle.root([coinbase]), modelRoot: genesisModelRoot, height: 0,
            time: genesisTime, bits: powLimit, nonce: 0, steps: 0, deltaHash: genesisDeltaHash)
        return Block(header: header, stepDigests: [], transactions: [coinbase])
    }

    /// The name of the network's first block, and so of the network.
    public var genesisHash: Hash256 { genesisBlock.hash }

    /// keccak256("flowcoin/parameters" ‖ canonical encoding): ties every parameter to the genesis hash.
    var genesisDeltaHash: Hash256 { Keccak256.hash(Self.genesisTag + encoded) }
}
