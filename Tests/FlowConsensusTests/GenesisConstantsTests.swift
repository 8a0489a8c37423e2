import FlowConsensus
import FlowCrypto
import TestSupport
import Testing

/// The roots that the networks pin are those that the independent implementation found.
@Suite struct GenesisConstantsTests {
    private struct InitialModel: Decodable {
        let network: String
        let initialisationSeed: String
        let modelRootDisplayed: String
    }

    private struct SyntheticCorpus: Decodable {
        struct Root: Decodable {
            let length: UInt64
            let seed: String
            let corpusRootDisplayed: String
        }
        let roots: [Root]
    }

    @Test(arguments: ["model-initial", "model-initial-testnet", "model-initial-mainnet"])
    func modelRootsAreThoseOfTheVectors(file: String) throws {
        for model in try Vectors.json("flow/\(file).json", as: [InitialModel].self) {
            let network = try #require(ChainParameters.all.first { $0.name == model.network })
            guard UInt64(model.initialisationSeed, radix: 16) == network.training.initialisationSeed else { continue }
            #expect(network.genesisModelRoot.displayHex == model.modelRootDisplayed)
        }
    }

    @Test func theCorpusRootIsThatOfTheVector() throws {
        let roots = try Vectors.json("flow/corpus-synthetic.json", as: SyntheticCorpus.self).roots
        for network in ChainParameters.all {
            let root = try #require(roots.first { $0.length == network.corpusLength && UInt64($0.seed, radix: 16) == 0 })
            #expect(network.corpusRoot.displayHex == root.corpusRootDisplayed)
        }
    }
}
