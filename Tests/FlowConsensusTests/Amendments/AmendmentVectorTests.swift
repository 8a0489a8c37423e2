@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

/// The vectors of `make-chain.py`: values, roots, seeds and signatures by height, and which lists may be loaded.
@Suite struct AmendmentVectorTests {
    struct File: Decodable {
        struct Output: Decodable { let value: Int64; let version: UInt8; let program: String }
        struct Height: Decodable {
            let height: BlockHeight
            let inForce: Int
            let version, stepsPerBlock, firstPayingStep, units: UInt32
            let rulesRoot, header, workSeed, transaction, sighash, stepsBefore: String
            let model: ModelShape
            let growthBegins: CostRatio?
            let corpus: CorpusReference
            let replayBudget: ReplayBudget
        }
        struct Judged: Decodable { let network: String; let amendments: Amendments; let valid: Bool }
        let parameters, still, moving: ChainParameters
        let encoded, genesisHash: String
        let spent: Output
        let heights: [Height]
        let judged: [Judged]
    }

    static let file = Result { try Vectors.json("flow/chain-amendments.json", as: File.self) }

    @Test func values() throws {
        let file = try Self.file.get()
        let parameters = try file.parameters.validated()
        #expect(parameters.amendments.list.count == 5)
        #expect(Hex.encode(parameters.amendments.encoded) == file.encoded)
        #expect(try Amendments(decoding: Hex.decode(file.encoded)) == parameters.amendments)
        // No part of the genesis hash.
        var plain = parameters
        plain.amendments = []
        #expect(Hex.encode(parameters.genesisHash.bytes) == file.genesisHash)
        #expect(plain.genesisHash == parameters.genesisHash)
        #expect(file.heights.count > 20)
        for test in file.heights {
            let height = test.height
            #expect(parameters.amendments.inForce(at: height).count == test.inForce, "\(height)")
            #expect(Hex.encode(parameters.rulesRoot(at: height).bytes) == test.rulesRoot, "\(height)")
            #expect(parameters.amendments.blockVersion(at: height) == test.version, "\(height)")
            #expect(parameters.model(at: height) == test.model, "\(height)")
            #expect(parameters.growthStage(beginningAt: height)?.costRatio == test.growthBegins, "\(height)")
            #expect(parameters.corpus(at: height) == test.corpus, "\(height)")
            #expect(parameters.replayBudget(at: height) == test.replayBudget, "\(height)")
            let training = parameters.training(at: height)
            #expect(training.stepsPerBlock == test.stepsPerBlock && training.firstPayingStep == test.firstPayingStep, "\(height)")
            #expect(training.learningRateUnits(height: height, stepsBefore: .max) == test.units, "\(height)")
            #expect("\(parameters.trainingSteps(before: height))" == test.stepsBefore, "\(height)")
            let header = try BlockHeader(decoding: Hex.decode(test.header))
            #expect(header.version == test.version && header.height == height)
            #expect(Hex.encode(parameters.workSeed(of: header).bytes) == test.workSeed, "\(height)")
        }
        // All six values were there in both forms somewhere.
        #expect(Set(file.heights.map(\.rulesRoot)).count == 6)
        #expect(Set(file.heights.map(\.model)).count == 4)
    }

    /// A signature made for one height holds at all heights with the same rules and at no other.
    @Test func signatures() throws {
        let file = try Self.file.get()
        let validator = BlockValidator(parameters: file.parameters)
        let output = TransactionOutput(
            value: Amount(haruki: file.spent.value), program: LockProgram(version: file.spent.version, bytes: try Hex.decode(file.spent.program)))
        let coins = [Coin(output: output, height: 1, isCoinbase: false)]
        for test in file.heights {
            let transaction = try Transaction(decoding: Hex.decode(test.transaction))
            let hash = SignatureHash(
                transaction: transaction, spentOutputs: [output], domain: validator.signatureDomain(at: test.height))
            #expect(Hex.encode(hash.digest(input: 0).bytes) == test.sighash, "\(test.height)")
            for other in file.heights {
                let broken = TestChain.broken {
                    try TransactionRules.checkWitnesses(transaction, coins: coins, domain: validator.signatureDomain(at: other.height))
                }
                #expect(broken == (other.rulesRoot == test.rulesRoot ? nil : "tx-signature"), "\(test.height) at \(other.height)")
            }
        }
    }

    /// Which lists a network may have, as the second implementation judges them.
    @Test func lists() throws {
        let file = try Self.file.get()
        #expect(file.judged.count > 80)
        for (index, test) in file.judged.enumerated() {
            var parameters = test.network == "still" ? file.still : file.moving
            #expect(throws: Never.self) { try parameters.validated() }
            parameters.amendments = test.amendments
            do {
                try parameters.validated()
                #expect(test.valid, "list \(index): \(test.amendments) was accepted")
            } catch {
                #expect(!test.valid, "list \(index): \(error)")
                #expect(error.description.contains("amendments") || error.description.contains("corpus leaves"), "list \(index): \(error)")
            }
        }
    }
}
