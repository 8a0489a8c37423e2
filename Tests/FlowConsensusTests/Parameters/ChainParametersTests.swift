@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@Suite struct ChainParametersTests {
    @Test(arguments: ChainParameters.all) func builtInNetworksAreValid(_ parameters: ChainParameters) throws {
        try parameters.validated()
        let data = try JSONEncoder().encode(parameters)
        #expect(try JSONDecoder().decode(ChainParameters.self, from: data) == parameters)
    }

    @Test func mainnetHas814MillionWeights() {
        #expect(ChainParameters.mainnet.model.parameterCount == 814_493_184)
        #expect(ChainParameters.mainnet.genesisMessage.utf8.count == 111)
    }

    /// The stage begins with the first retarget at which the first model has had twenty tokens for each of its weights (Scale.md).
    @Test func mainnetGrowsOnce() throws {
        let mainnet = ChainParameters.mainnet
        let stage = try #require(mainnet.growth.first)
        #expect(mainnet.growth.count == 1)
        #expect(stage.model.parameterCount == 3_230_936_576)
        let tokensPerBlock = UInt64(mainnet.model.contextLength) * UInt64(mainnet.model.batchSize) * UInt64(mainnet.training.stepsPerBlock)
        let needed = mainnet.model.parameterCount * 20
        #expect(UInt64(stage.height) * tokensPerBlock >= needed)
        #expect(UInt64(stage.height - mainnet.retargetPeriod) * tokensPerBlock < needed)
        #expect([ChainParameters.testnet, .regtest].allSatisfy { $0.growth.isEmpty })
    }

    @Test func networksShareNothing() {
        let all = ChainParameters.all
        #expect(Set(all.map(\.magic)).count == all.count)
        #expect(Set(all.map(\.genesisHash)).count == all.count)
        #expect(Set(all.map(\.addressPrefix)).count == all.count)
        #expect(Set(all.flatMap { [$0.p2pPort, $0.rpcPort] }).count == 2 * all.count)
        #expect(all.allSatisfy { $0.magic != 0xd9b4_bef9 })
    }

    typealias Edit = @Sendable (inout ChainParameters) -> Void

    /// Every consensus value moves the genesis hash; ports do not.
    static let consensusEdits: [Edit] = [
        { $0.name = "other" }, { $0.magic += 1 }, { $0.addressPrefix = "xfl" }, { $0.model.embeddingLength += 1 },
        { $0.model.layerCount += 1 }, { $0.model.headCount += 1 }, { $0.model.expertCount += 1 },
        { $0.model.expertsPerToken += 1 }, { $0.model.expertWidth += 1 }, { $0.model.contextLength += 1 },
        { $0.model.batchSize += 1 }, { $0.training.stepsPerBlock += 1 }, { $0.training.firstPayingStep += 1 },
        { $0.training.initialisationSeed += 1 }, { $0.training.peakLearningRate[0].units += 1 },
        { $0.training.peakLearningRate.append(LearningRateStage(height: 9, units: 128)) },
        { $0.training.warmupSteps += 1 }, { $0.training.balancingWeight += 1 }, { $0.training.linearBits += 1 },
        { $0.training.attentionBits += 1 }, { $0.training.routerBits += 1 },
        { $0.powLimit = CompactTarget(bits: 0x2000_ffff) }, { $0.retargets.toggle() }, { $0.blockInterval += 1 },
        { $0.retargetPeriod += 1 }, { $0.halvingInterval += 1 }, { $0.corpusLength += 1 },
        { $0.corpusRoot = Keccak256.hash([9]) }, { $0.replayBudget.sixteenCoreSeconds += 1 },
        { $0.replayBudget.twoCoreSeconds += 1 }, { $0.genesisTime += 1 }, { $0.genesisMessage += "!" },
        { $0.genesisModelRoot = Keccak256.hash([9]) },
    ]

    @Test func everyConsensusValueMovesTheGenesisHash() {
        let original = ChainParameters.regtest
        var seen: Set<Hash256> = [original.genesisHash]
        for edit in Self.consensusEdits {
            var copy = original
            edit(&copy)
            #expect(seen.insert(copy.genesisHash).inserted)
        }
        var ports = original
        ports.p2pPort = 1
        ports.rpcPort = 2
        #expect(ports.genesisHash == original.genesisHash)
        let moved = original.with(corpusRoot: Keccak256.hash([1]), length: 1_000_000)
        #expect(moved.corpusLength == 1_000_000)
        #expect(moved.genesisHash != original.genesisHash)
    }

    static let invalidEdits: [Edit] = [
        { $0.name = "" }, { $0.name = "a b" }, { $0.name = "../x" }, { $0.name = String(repeating: "a", count: 33) },
        { $0.addressPrefix = "" }, { $0.addressPrefix = "Fl" }, { $0.addressPrefix = "abcdefghijklmnopq" },
        { $0.genesisMessage = String(repeating: "é", count: 128) }, { $0.model.embeddingLength = 0 },
        { $0.model.embeddingLength = 65 }, { $0.model.embeddingLength = 48 }, { $0.model.layerCount = 0 },
        { $0.model.headCount = 0 }, { $0.model.embeddingLength = 2_048; $0.model.headCount = 1 }, { $0.model.headCount = 3 }, { $0.model.headCount = 32 },
        { $0.model.embeddingLength = 96 }, { $0.model.expertCount = 1 }, { $0.model.expertsPerToken = 1 },
        { $0.model.expertsPerToken = 3 }, { $0.model.expertWidth = 33 }, { $0.model.contextLength = 1 },
        { $0.model.batchSize = 0 }, { $0.model.batchSize = .max }, { $0.model.contextLength = .max },
        { $0.model.expertCount = 1_024 }, { $0.training.stepsPerBlock = 0 }, { $0.training.firstPayingStep = 0 },
        { $0.training.firstPayingStep = 9 }, { $0.training.peakLearningRate = [] },
        { $0.training.peakLearningRate[0].height = 1 }, { $0.training.peakLearningRate[0].units = 0 },
        { $0.training.peakLearningRate[0].units = 127 }, { $0.training.peakLearningRate[0].units = .max },
        { $0.training.peakLearningRate += $0.training.peakLearningRate }, { $0.training.warmupSteps = 0 },
        { $0.training.balancingWeight = .max }, { $0.training.linearBits = 1 }, { $0.training.attentionBits = 17 },
        { $0.training.routerBits = 0 }, { $0.powLimit = CompactTarget(bits: 0) },
        { $0.powLimit = CompactTarget(bits: 0x2080_0001) }, { $0.powLimit = CompactTarget(bits: 0x2300_0001) },
        { $0.powLimit = CompactTarget(bits: 0x2000_1fff) }, { $0.blockInterval = 0 }, { $0.retargetPeriod = 1 },
        { $0.halvingInterval = 0 }, { $0.corpusLength = 0 }, { $0.corpusLength = 60_000 }, { $0.corpusLength = .max },
        { $0.replayBudget.sixteenCoreSeconds = 0 }, { $0.replayBudget.twoCoreSeconds = 0 }, { $0.genesisTime = 0 },
        { $0.genesisTime = .max },
        // More than 8 bits allow fewer rows in an exact sum.
        { $0.training.linearBits = 9; $0.model.batchSize = 1_024 }, { $0.training.routerBits = 16; $0.model.batchSize = 1_024 },
        // On a network that retargets.
        { $0.retargets = true; $0.training.firstPayingStep = 2; $0.blockInterval = 9 }, { $0.retargets = true }, { $0.retargets = true; $0.training.stepsPerBlock = 1 },
    ]

    @Test func invalidParametersAreRefusedWithTheField() {
        for (index, edit) in Self.invalidEdits.enumerated() {
            var copy = ChainParameters.regtest
            edit(&copy)
            do {
                try copy.validated()
                Issue.record("edit \(index) was accepted")
            } catch {
                #expect(error.description.count > 30)
            }
            // Nothing else traps on them either.
            _ = copy.genesisHash
            _ = copy.corpusSplit(at: 0).legalStarts
            _ = copy.model.parameterCount
        }
    }

    /// With k0 = 1 every ticket could be drawn from a first step, and all first steps start from the same weights.
    @Test func firstStepsPayOnlyWhereTheTargetNeverMoves() throws {
        var parameters = ChainParameters.regtest
        #expect(parameters.training.firstPayingStep == 1)
        try parameters.validated()
        parameters.retargets = true
        #expect(throws: ChainParametersError.outOfRange(field: "training.firstPayingStep", least: 2, most: 8, actual: 1)) {
            try parameters.validated()
        }
        parameters.training.firstPayingStep = 2
        try parameters.validated()
        parameters.training.stepsPerBlock = 1
        #expect(throws: ChainParametersError.outOfRange(field: "training.stepsPerBlock", least: 2, most: 4_096, actual: 1)) {
            try parameters.validated()
        }
        for network in ChainParameters.all where network.retargets { #expect(network.training.firstPayingStep >= 2) }
    }

    @Test func blocksKeepASecondApartWhereTheTargetMoves() throws {
        var parameters = ChainParameters.testnet
        #expect(parameters.leastSpacing == 60)
        parameters.blockInterval = 10
        #expect(try parameters.validated().leastSpacing == 1)
        parameters.blockInterval = 9
        #expect(throws: ChainParametersError.outOfRange(field: "blockInterval", least: 10, most: 86_400, actual: 9)) {
            try parameters.validated()
        }
        var still = ChainParameters.regtest
        still.blockInterval = 9
        #expect(try still.validated().leastSpacing == nil)
    }

    @Test func legalStarts() {
        var parameters = ChainParameters.regtest
        // 65,536 starts + a context of 64 + a 64th held out.
        parameters.corpusLength = 66_641
        #expect(parameters.corpusSplit(at: 0).legalStarts == 65_536)
        #expect(throws: Never.self) { try parameters.validated() }
        parameters.corpusLength = 66_640
        #expect(throws: ChainParametersError.tooFewLegalStarts(needed: 65_536, actual: 65_535)) {
            try parameters.validated()
        }
    }

    @Test func malformedFilesAreErrors() throws {
        let data = try JSONEncoder().encode(ChainParameters.regtest)
        let good = String(decoding: data, as: UTF8.self)
        for (part, replacement) in [
            ("\"d52e0cf1\"", "\"d52e0cf\""), ("\"d52e0cf1\"", "\"+52e0cf1\""), ("\"d52e0cf1\"", "5"),
            ("\"201fffff\"", "\"zzzzzzzz\""), ("\"batchSize\":32", "\"batchSize\":-1"),
            ("\"batchSize\":32", "\"batchSize\":4294967296"), ("\"retargets\":false", "\"retargets\":7"),
        ] {
            #expect(good.contains(part))
            let bad = Data(good.replacingOccurrences(of: part, with: replacement).utf8)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(ChainParameters.self, from: bad) }
        }
    }

    /// Steps, tokens and how much of the text in force was seen, across amendments of S and corpus and a growth of the batch.
    @Test func trainingProgress() throws {
        var parameters = ChainParameters.regtest
        let block: UInt64 = 8 * 32 * 64
        #expect(parameters.trainingProgress(after: 0).tokens == 0 && parameters.trainingProgress(after: 0).corpusTokens == 0)
        var progress = parameters.trainingProgress(after: 9)
        #expect(progress.tokens == 9 * block && progress.steps == 72 && progress.corpusTokens == 9 * block)
        #expect(progress.corpusHeight == 1 && progress.corpus == parameters.corpus(at: 1))
        #expect(progress.trainingBytes < parameters.corpusLength && progress.trainingBytes > parameters.corpusLength / 2)
        var grown = parameters.model
        grown.batchSize *= 2
        let other = CorpusReference(length: 20_000_000, root: parameters.genesisHash)
        parameters.amendments = [
            Amendment(height: 10, corpus: other, stepsPerBlock: 4),
            Amendment(height: 20, growth: Amendment.Growth(model: grown, costRatio: CostRatio(2))),
        ]
        try parameters.validated()
        // The next block trains on the new text, of which nothing was seen.
        progress = parameters.trainingProgress(after: 9)
        #expect(progress.tokens == 9 * block && progress.corpus == other && progress.corpusHeight == 10 && progress.corpusTokens == 0)
        progress = parameters.trainingProgress(after: 21)
        #expect(progress.steps == 72 + 12 * 4 && progress.corpusTokens == 10 * block / 2 + 2 * block)
        #expect(progress.tokens == 9 * block + progress.corpusTokens)
        #expect(parameters.trainingProgress(after: .max).steps > 0)
    }
}
