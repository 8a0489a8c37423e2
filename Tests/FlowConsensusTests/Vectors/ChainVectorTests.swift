@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

/// The vectors of `make-chain.py`: encodings, hashes, genesis, signatures.
@Suite struct ChainVectorTests {
    static func hash(_ hex: String) throws -> Hash256 {
        try #require(Hash256(bytes: Hex.decode(hex)))
    }

    // MARK: Genesis

    struct GenesisFile: Decodable {
        struct Network: Decodable {
            let parameters: ChainParameters
            let canonical: String
            let deltaHash: String
            let header: String
            let hash: String
            let block: String
        }
        let networks: [Network]
    }

    @Test func genesis() throws {
        let networks = try Vectors.json("flow/chain-genesis.json", as: GenesisFile.self).networks
        #expect(networks.map(\.parameters.name) == ChainParameters.all.map(\.name))
        for (network, builtIn) in zip(networks, ChainParameters.all) {
            let parameters = network.parameters
            // The built-in networks are these, with the roots of the shipped corpus and weights.
            var shipped = builtIn.with(corpusRoot: parameters.corpusRoot, length: parameters.corpusLength)
            shipped.genesisModelRoot = parameters.genesisModelRoot
            #expect(shipped == parameters)
            let block = parameters.genesisBlock
            #expect(Hex.encode(parameters.encoded) == network.canonical)
            #expect(Hex.encode(parameters.genesisDeltaHash.bytes) == network.deltaHash)
            #expect(Hex.encode(block.header.encoded) == network.header)
            #expect(Hex.encode(block.encoded) == network.block)
            #expect(Hex.encode(parameters.genesisHash.bytes) == network.hash)
            #expect(try Block(decoding: Hex.decode(network.block)) == block)
        }
    }

    // MARK: Transactions

    struct Output: Decodable {
        let value: Int64
        let version: UInt8
        let program: String
        var output: TransactionOutput {
            get throws {
                TransactionOutput(
                    value: Amount(haruki: value), program: LockProgram(version: version, bytes: try Hex.decode(program)))
            }
        }
    }
    struct TransactionCase: Decodable {
        struct Input: Decodable { let txid: String; let index: UInt32; let sequence: UInt32 }
        let version: UInt32
        let lockTime: UInt32
        let inputs: [Input]
        let outputs: [Output]
        let witnesses: [[String]]?
        let data: String?
        let encoded: String
        let txid: String
        let witnessHash: String
        let leaf: String

        var transaction: Transaction {
            get throws {
                Transaction(
                    version: version,
                    inputs: try inputs.map {
                        TransactionInput(
                            outPoint: OutPoint(txid: try hash($0.txid), index: $0.index), sequence: $0.sequence)
                    },
                    outputs: try outputs.map { try $0.output }, lockTime: lockTime,
                    witnesses: try (witnesses ?? []).map { Witness(items: try $0.map { try Hex.decode($0) }) }, coinbaseData: try Hex.decode(data ?? ""))
            }
        }
    }
    struct TransactionFile: Decodable {
        struct Key: Decodable {
            let seed: String
            let publicKey: String
            let program: String
            let addresses: [String: String]
        }
        struct Case: Decodable {
            let comment: String
            let transaction: TransactionCase
            let stripped: String
            let spent: [Output]
            let sighashes: [String]
            /// The rule that the witnesses break, where they do.
            let violation: String?
        }
        struct Refused: Decodable { let comment, encoded: String }
        struct Program: Decodable { let version: UInt8; let length: Int; let allowed, payable: Bool }
        struct Replacement: Decodable { let sequences: [UInt32]; let signals: Bool }
        struct LaterAddress: Decodable { let version: UInt8; let program: String; let addresses: [String: String] }
        let genesisHash: String
        let keys: [Key]
        let cases: [Case]
        let coinbases: [TransactionCase]
        let refused: [Refused]
        let programs: [Program]
        let replacement: [Replacement]
        let laterAddresses: [LaterAddress]
    }

    private static func compare(_ test: TransactionCase) throws {
        let transaction = try test.transaction
        #expect(Hex.encode(transaction.encoded) == test.encoded)
        #expect(try Transaction(decoding: Hex.decode(test.encoded)) == transaction)
        #expect(Hex.encode(transaction.txid.bytes) == test.txid)
        #expect(Hex.encode(transaction.witnessHash.bytes) == test.witnessHash)
        #expect(Hex.encode(transaction.merkleLeaf.bytes) == test.leaf)
        #expect(throws: Never.self) { try TransactionRules.checkForm(transaction) }
    }

    @Test func transactions() throws {
        let file = try Vectors.json("flow/chain-transactions.json", as: TransactionFile.self)
        let domain = SignatureDomain(genesisHash: try Self.hash(file.genesisHash), rulesRoot: .zero)
        #expect(file.cases.count == 9)
        for test in file.cases {
            try Self.compare(test.transaction)
            let transaction = try test.transaction.transaction
            #expect(Hex.encode(transaction.strippedEncoding) == test.stripped, "\(test.comment)")
            let spent = try test.spent.map { try $0.output }
            let message = SignatureHash(transaction: transaction, spentOutputs: spent, domain: domain)
            #expect(
                transaction.inputs.indices.map { Hex.encode(message.digest(input: UInt32($0)).bytes) } == test.sighashes)
            let coins = spent.map { Coin(output: $0, height: 0, isCoinbase: false) }
            let violation = TestChain.broken {
                try TransactionRules.checkWitnesses(transaction, coins: coins, domain: domain)
            }
            #expect(violation == test.violation, "\(test.comment)")
            // Signatures for another network, or under other rules, are worth nothing.
            guard test.violation == nil, spent.contains(where: { $0.program.version == 0 }) else { continue }
            for other in [SignatureDomain(genesisHash: .zero, rulesRoot: .zero), SignatureDomain(genesisHash: domain.genesisHash, rulesRoot: domain.genesisHash)] {
                #expect(TestChain.broken { try TransactionRules.checkWitnesses(transaction, coins: coins, domain: other) } == "tx-signature")
            }
        }
        #expect(file.refused.count == 5)
        for test in file.refused {
            #expect(throws: DecodingFault.self, "\(test.comment)") { try Transaction(decoding: Hex.decode(test.encoded)) }
        }
        #expect(file.programs.count > 50)
        for test in file.programs {
            let program = LockProgram(version: test.version, bytes: [UInt8](repeating: 1, count: test.length))
            #expect(program.isAllowed == test.allowed, "\(test)")
            #expect(program.isPayable == test.payable, "\(test)")
        }
        for test in file.replacement {
            let inputs = test.sequences.map { TransactionInput(outPoint: OutPoint(txid: .zero, index: 0), sequence: $0) }
            #expect(Transaction(inputs: inputs, outputs: []).signalsReplacement == test.signals, "\(test)")
        }
        #expect(!Transaction.coinbase(height: 1, outputs: []).signalsReplacement)
        for test in file.coinbases {
            try Self.compare(test)
            #expect(try test.transaction.isCoinbase)
        }
    }

    @Test func addresses() throws {
        let file = try Vectors.json("flow/chain-transactions.json", as: TransactionFile.self)
        for key in file.keys {
            let privateKey = try Ed25519.PrivateKey(seed: Hex.decode(key.seed))
            #expect(Hex.encode(privateKey.publicKey.bytes) == key.publicKey)
            let program = LockProgram(publicKey: privateKey.publicKey)
            #expect(Hex.encode(program.bytes) == key.program)
            for (prefix, text) in key.addresses {
                #expect(try Address(program: program, prefix: prefix).description == text)
                #expect(try Address(text, prefix: prefix).program == program)
                #expect(throws: AddressError.wrongNetwork(expected: "xx", actual: prefix)) {
                    try Address(text, prefix: "xx")
                }
            }
        }
    }

    /// Versions 1 to 16 decode (bech32m), name their program, and nobody pays to them.
    @Test func laterAddresses() throws {
        let file = try Vectors.json("flow/chain-transactions.json", as: TransactionFile.self)
        #expect(Set(file.laterAddresses.map(\.version)) == Set(1...16))
        for test in file.laterAddresses {
            let program = LockProgram(version: test.version, bytes: try Hex.decode(test.program))
            for (prefix, text) in test.addresses {
                let address = try Address(text, prefix: prefix)
                #expect(address.program == program && !address.isPayable && program.isAllowed)
                #expect(try Address(program: program, prefix: prefix).description == text)
            }
        }
    }

    // MARK: Blocks

    struct BlockFile: Decodable {
        struct Case: Decodable {
            let encodedHeader: String
            let hash: String
            let rulesRoot, workSeed: String
            let links: [String]
            let leaves: [String]
            let block: String
        }
        struct Merkle: Decodable {
            struct Root: Decodable { let leaves: Int; let root: String }
            let roots: [Root]
        }
        let blocks: [Case]
        let merkle: Merkle
    }

    @Test func blocks() throws {
        let file = try Vectors.json("flow/chain-blocks.json", as: BlockFile.self)
        #expect(file.blocks.count == 4)
        for test in file.blocks {
            let block = try Block(decoding: Hex.decode(test.block))
            let header = block.header
            #expect(Hex.encode(block.encoded) == test.block)
            #expect(Hex.encode(header.encoded) == test.encodedHeader)
            #expect(Hex.encode(block.hash.bytes) == test.hash)
            #expect(header.seedPrefix.count == 124)
            #expect(Hex.encode(header.workSeed(rulesRoot: try Self.hash(test.rulesRoot)).bytes) == test.workSeed)
            var chain = DigestChain(modelRoot: header.modelRoot, workSeed: try Self.hash(test.workSeed))
            var links = [chain.current]
            for digest in block.stepDigests {
                chain.append(digest)
                links.append(chain.current)
            }
            #expect(links.map { Hex.encode($0.bytes) } == test.links)
            #expect(links.last == header.deltaHash)
            #expect(block.transactions.map { Hex.encode($0.merkleLeaf.bytes) } == test.leaves)
            #expect(block.computedMerkleRoot == header.merkleRoot)
        }
        for test in file.merkle.roots {
            let leaves = (0..<UInt32(test.leaves)).map { index in
                var writer = ByteWriter()
                writer.write(index)
                return Keccak256.hash(writer.bytes)
            }
            #expect(Hex.encode(BlockMerkle.root(leaves: leaves).bytes) == test.root, "\(test.leaves) leaves")
        }
    }
}
