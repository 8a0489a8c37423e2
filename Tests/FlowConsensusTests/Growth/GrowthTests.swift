@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

/// The schedule of growth in a network's parameters and what it does to bits and starting weights.
@Suite struct GrowthTests {
    // MARK: Vectors

    struct File: Decodable {
        struct Height: Decodable {
            let height: BlockHeight
            let model: ModelShape
        }
        struct Case: Decodable {
            let bits, limit, new: String
            let numerator, denominator: UInt32
        }
        let parameters: ChainParameters
        let canonical, deltaHash, hash: String
        let heights: [Height]
        let cases: [Case]
    }

    private static func bits(_ text: String) throws -> CompactTarget {
        CompactTarget(bits: try #require(UInt32(text, radix: 16)))
    }

    /// The vectors of `make-chain.py`.
    @Test func vectors() throws {
        let file = try Vectors.json("flow/chain-growth.json", as: File.self)
        let parameters = try file.parameters.validated()
        #expect(Hex.encode(parameters.encoded) == file.canonical)
        #expect(Hex.encode(parameters.genesisDeltaHash.bytes) == file.deltaHash)
        #expect(Hex.encode(parameters.genesisHash.bytes) == file.hash)
        for test in file.heights { #expect(parameters.model(at: test.height) == test.model, "height \(test.height)") }
        #expect(parameters.growthStage(beginningAt: 4_032) == parameters.growth[0])
        #expect(parameters.growthStage(beginningAt: 4_033) == nil)
        #expect(file.cases.count > 40)
        for test in file.cases {
            let ratio = CostRatio(test.numerator, test.denominator)
            let new = ratio.scaling(try Self.bits(test.bits), limit: try Self.bits(test.limit))
            #expect(new.description == test.new, "\(test)")
        }
    }

    // MARK: Parameters

    /// Regtest that grows twice; everything grows at least once.
    static let growing: ChainParameters = {
        var parameters = ChainParameters.regtest
        var first = parameters.model
        first.layerCount = 3
        first.expertCount = 12
        var second = first
        second.embeddingLength = 128
        second.headCount = 4
        second.expertWidth = 160
        second.expertCount = 16
        second.contextLength = 96
        second.batchSize = 40
        parameters.growth = [
            GrowthStage(height: 2, model: first, costRatio: CostRatio(3, 2)),
            GrowthStage(height: 7, model: second, costRatio: CostRatio(4)),
        ]
        return parameters
    }()

    @Test func aScheduleIsAcceptedAndRoundTrips() throws {
        let parameters = try Self.growing.validated()
        let text = try JSONEncoder().encode(parameters)
        #expect(try JSONDecoder().decode(ChainParameters.self, from: text) == parameters)
        #expect(parameters.model(at: 1) == parameters.model)
        #expect(parameters.model(at: 6) == parameters.growth[0].model)
        #expect(parameters.model(at: .max) == parameters.growth[1].model)
        // Without growth nothing is written, so files and genesis blocks from before stay as they were.
        let plain = String(decoding: try JSONEncoder().encode(ChainParameters.regtest), as: UTF8.self)
        #expect(!plain.contains("growth"))
        #expect(parameters.encoded.starts(with: ChainParameters.regtest.encoded))
    }

    typealias Edit = @Sendable (inout ChainParameters) -> Void

    static let consensusEdits: [Edit] = [
        { $0.growth = [] }, { $0.growth.removeLast() }, { $0.growth[0].height = 3 }, { $0.growth[0].costRatio.numerator = 2 },
        { $0.growth[0].costRatio = CostRatio(3) }, { $0.growth[0].model.layerCount = 4 },
        { $0.growth[1].model.embeddingLength = 64 }, { $0.growth[1].model.headCount = 2 },
        { $0.growth[1].model.expertCount = 15 }, { $0.growth[1].model.expertWidth = 192 },
        { $0.growth[1].model.contextLength = 97 }, { $0.growth[1].model.batchSize = 41 },
    ]

    @Test func everyValueMovesTheGenesisHash() {
        var seen: Set<Hash256> = [Self.growing.genesisHash]
        for (index, edit) in Self.consensusEdits.enumerated() {
            var copy = Self.growing
            edit(&copy)
            #expect(seen.insert(copy.genesisHash).inserted, "edit \(index)")
        }
    }

    /// Each with a part of the message that names what is wrong.
    static let invalidEdits: [(edit: Edit, says: String)] = [
        ({ $0.growth[0].height = 1 }, "ascend"), ({ $0.growth[0].height = 0 }, "ascend"),
        ({ $0.growth[1].height = 2 }, "ascend"), ({ $0.growth[0].height = 9 }, "ascend"),
        ({ $0.retargets = true; $0.training.firstPayingStep = 2 }, "retarget period"),
        ({ $0.growth[0].model = $0.model }, "grows from"), ({ $0.growth[1].model = $0.growth[0].model }, "grows from"),
        ({ $0.growth[0].model.layerCount = 1 }, "growth[0].model.layerCount"),
        ({ $0.growth[0].model.layerCount = 5 }, "growth[0].model.layerCount"),
        ({ $0.growth[1].model.expertWidth = 96 }, "growth[1].model.expertWidth"),
        ({ $0.growth[1].model.expertWidth = 288 }, "growth[1].model.expertWidth"),
        ({ $0.growth[1].model.expertWidth = 161 }, "multiple of 32"),
        ({ $0.growth[0].model.expertWidth = 160 }, "two stages"), ({ $0.growth[1].model.layerCount = 4 }, "two stages"),
        ({ $0.growth[0].model.embeddingLength = 128; $0.growth[0].model.headCount = 4 }, "two stages"),
        ({ $0.growth[0].model.expertCount = 7 }, "growth[0].model.expertCount"),
        ({ $0.growth[0].model.expertCount = 17 }, "growth[0].model.expertCount"),
        ({ $0.growth[0].model.expertsPerToken = 3 }, "expertsPerToken"),
        ({ $0.growth[1].model.embeddingLength = 256; $0.growth[1].model.headCount = 8 }, "twice"),
        ({ $0.growth[1].model.embeddingLength = 96; $0.growth[1].model.headCount = 3 }, "twice"),
        ({ $0.growth[1].model.embeddingLength = 32; $0.growth[1].model.headCount = 1 }, "twice"),
        ({ $0.growth[1].model.headCount = 2 }, "heads of length"), ({ $0.growth[1].model.headCount = 8 }, "heads of length"),
        ({ $0.growth[1].model.headCount = 0 }, "headCount"),
        ({ $0.growth[1].model.contextLength = 32 }, "contextLength"), ({ $0.growth[1].model.contextLength = 9_000 }, "contextLength"),
        ({ $0.growth[1].model.batchSize = 16 }, "batchSize"), ({ $0.growth[1].model.batchSize = 2_048 }, "tokens a step"),
        ({ $0.growth[0].costRatio.denominator = 0 }, "costRatio"), ({ $0.growth[0].costRatio = CostRatio(1, 2) }, "costRatio"),
        ({ $0.growth[0].costRatio = CostRatio(0) }, "costRatio"), ({ $0.growth[0].costRatio = CostRatio(65_537) }, "costRatio"),
        ({ $0.growth = (2...1_026).map { GrowthStage(height: $0, model: Self.growing.growth[0].model, costRatio: CostRatio(1)) } }, "1024"),
        ({ $0.corpusLength = 66_660 }, "training windows"),
        ({ $0.model.batchSize = 1; $0.growth[0].model.batchSize = 1; $0.growth[1].model.batchSize = 1 }, "tokens"),
    ]

    @Test func invalidSchedulesAreRefusedWithTheField() {
        for (index, test) in Self.invalidEdits.enumerated() {
            var copy = Self.growing
            test.edit(&copy)
            do {
                try copy.validated()
                Issue.record("edit \(index) was accepted")
            } catch {
                #expect(error.description.contains(test.says), "edit \(index): \(error)")
            }
            // Nothing else traps on them either.
            _ = copy.genesisHash
            _ = copy.model(at: 5)
            _ = copy.growth.first?.costRatio.scaling(copy.powLimit, limit: copy.powLimit)
        }
    }

    @Test func malformedSchedulesAreErrors() throws {
        let good = String(decoding: try JSONEncoder().encode(Self.growing), as: UTF8.self)
        for (part, replacement) in [
            ("\"denominator\":2", "\"denominator\":-2"), ("\"numerator\":3", "\"numerator\":4294967296"), ("\"growth\":[", "\"growth\":[7,"),
        ] {
            #expect(good.contains(part))
            let bad = Data(good.replacingOccurrences(of: part, with: replacement).utf8)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(ChainParameters.self, from: bad) }
        }
    }

    // MARK: Rules

    /// A chain that retargets every four blocks and grows at height 8, six blocks old: bits are far below the limit.
    private static let retargeting: TestChain = {
        var parameters = growing
        parameters.name = "test"
        parameters.powLimit = CompactTarget(bits: 0x207f_ffff)
        parameters.training.stepsPerBlock = 4
        parameters.training.firstPayingStep = 2
        parameters.retargets = true
        parameters.retargetPeriod = 4
        parameters.growth = [GrowthStage(height: 8, model: growing.growth[0].model, costRatio: CostRatio(3, 2))]
        var chain = TestChain(parameters: try! parameters.validated())
        // Blocks come too fast, so the first retarget halves the target twice.
        for _ in 1...7 { try! chain.accept(chain.makeBlock(time: chain.context.parent.time + 60)) }
        return chain
    }()

    /// `bad-bits` at a height of growth: the retarget's bits times the ratio, and nothing else.
    @Test func theTargetIsMultipliedWhereTheModelGrows() throws {
        let chain = Self.retargeting
        let parameters = chain.parameters
        #expect(chain.nextHeight == 8)
        let plain = Retarget.next(
            bits: chain.context.parent.bits, firstTime: chain.context.headers[4].time, lastTime: chain.context.parent.time,
            limit: parameters.powLimit, timespan: parameters.retargetTimespan)
        let target = try #require(plain.target)
        let multiplied = try #require(target.multipliedFullWidth(by: 3).quotientAndRemainder(dividingBy: 2)).quotient.clamped
        let expected = CompactTarget(multiplied)
        #expect(try chain.context.expectedBits(parameters) == expected)
        #expect(chain.broken(chain.makeBlock { $0.header.bits = expected }) == nil)
        for wrong in [plain, CompactTarget(bits: expected.bits - 1), chain.context.parent.bits, parameters.powLimit] {
            #expect(wrong != expected)
            #expect(chain.broken(chain.makeBlock { $0.header.bits = wrong }) == "bad-bits")
        }
        // The next block keeps the multiplied bits.
        var grown = chain
        try grown.accept(grown.makeBlock())
        #expect(try grown.context.expectedBits(parameters) == expected)
        // Near the limit the limit holds, and without retargets it always does.
        var capped = parameters
        capped.powLimit = plain
        #expect(capped.growth[0].costRatio.scaling(plain, limit: plain) == plain)
        capped.retargets = false
        #expect(try chain.context.expectedBits(capped) == plain)
    }

    /// `bad-model-root` at a height of growth: a block starts from the grown weights, not from its parent's result.
    @Test func aBlockStartsFromTheGrownWeights() throws {
        var chain = Self.retargeting
        let ungrown = try #require(chain.context.parentResultRoot)
        let grown = Keccak256.hash(ungrown.bytes)
        chain.context.parentResultRoot = grown
        #expect(chain.broken(chain.makeBlock { $0.header.modelRoot = grown }) == nil)
        #expect(chain.broken(chain.makeBlock { $0.header.modelRoot = ungrown }) == "bad-model-root")
    }
}
