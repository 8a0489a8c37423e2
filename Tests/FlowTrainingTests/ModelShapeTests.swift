@testable import FlowTraining
import TestSupport
import Testing

@Suite struct ModelShapeTests {
    static let regtest = ModelShape(
        embeddingLength: 64, layerCount: 2, headCount: 2, expertCount: 8, expertWidth: 128, contextLength: 64, batchSize: 32)

    typealias Edit = @Sendable (inout ModelShape) -> Void

    private static func changed(_ edit: Edit, from shape: ModelShape = regtest) -> ModelShape {
        var copy = shape
        edit(&copy)
        return copy
    }

    // MARK: Limits

    /// What each set of limits says of the same shapes.
    static let shapes: [(edit: Edit, network: ModelShapeError?, arithmetic: ModelShapeError?)] = [
        ({ _ in }, nil, nil),
        ({ $0.embeddingLength = 0 }, .outOfRange(field: "model.embeddingLength", least: 32, most: 16_384, actual: 0),
         .outOfRange(field: "model.embeddingLength", least: 4, most: 65_536, actual: 0)),
        ({ $0.embeddingLength = 48; $0.headCount = 3 }, .notDivisible(field: "model.embeddingLength", divisor: 32, actual: 48), nil),
        ({ $0.embeddingLength = 96; $0.headCount = 4 },
         .notPowerOfTwo(field: "head length of model (embeddingLength / headCount)", actual: 24),
         .notPowerOfTwo(field: "head length of model (embeddingLength / headCount)", actual: 24)),
        ({ $0.embeddingLength = 2_048; $0.headCount = 2 }, nil, nil),
        ({ $0.embeddingLength = 2_048; $0.headCount = 1 },
         .outOfRange(field: "head length of model (embeddingLength / headCount)", least: 4, most: 1_024, actual: 2_048),
         .outOfRange(field: "head length of model (embeddingLength / headCount)", least: 4, most: 1_024, actual: 2_048)),
        ({ $0.headCount = 32 }, .outOfRange(field: "head length of model (embeddingLength / headCount)", least: 4, most: 1_024, actual: 2),
         .outOfRange(field: "head length of model (embeddingLength / headCount)", least: 4, most: 1_024, actual: 2)),
        ({ $0.headCount = 3 }, .notDivisible(field: "model.embeddingLength", divisor: 3, actual: 64),
         .notDivisible(field: "model.embeddingLength", divisor: 3, actual: 64)),
        ({ $0.expertCount = 1 }, .outOfRange(field: "model.expertCount", least: 2, most: 65_536, actual: 1),
         .outOfRange(field: "model.expertCount", least: 2, most: 65_536, actual: 1)),
        ({ $0.expertCount = 512 }, .tooFewTokensPerExpert(needed: 16, actual: 8), nil),
        ({ $0.expertsPerToken = 3 }, .outOfRange(field: "model.expertsPerToken", least: 2, most: 2, actual: 3),
         .outOfRange(field: "model.expertsPerToken", least: 2, most: 2, actual: 3)),
        ({ $0.expertWidth = 20 }, .outOfRange(field: "model.expertWidth", least: 32, most: 65_536, actual: 20), nil),
        ({ $0.expertWidth = 48 }, .notDivisible(field: "model.expertWidth", divisor: 32, actual: 48), nil),
        ({ $0.contextLength = 4_096 }, nil, nil),
        ({ $0.contextLength = 8_192 }, .outOfRange(field: "tokens a step of model", least: 1, most: 131_072, actual: 262_144),
         .outOfRange(field: "tokens a step of model", least: 1, most: 131_072, actual: 262_144)),
        ({ $0.layerCount = 256; $0.embeddingLength = 16_384; $0.headCount = 256 }, nil, nil),
        ({ $0.layerCount = 256; $0.embeddingLength = 16_384; $0.headCount = 256; $0.expertWidth = 65_536 },
         .outOfRange(field: "number of weights of model", least: 1, most: 1 << 40, actual: 6_871_998_119_936),
         .outOfRange(field: "number of weights of model", least: 1, most: 1 << 42, actual: 6_871_998_119_936)),
        ({ $0.batchSize = .max; $0.contextLength = .max }, .outOfRange(field: "model.contextLength", least: 2, most: 8_192, actual: 4_294_967_295),
         .outOfRange(field: "model.contextLength", least: 1, most: 65_536, actual: 4_294_967_295)),
    ]

    @Test(arguments: shapes.indices) func limitsNameTheFirstSizeThatDoesNotFit(index: Int) {
        let test = Self.shapes[index]
        let shape = Self.changed(test.edit)
        for (limits, expected) in [(ModelLimits.network, test.network), (.arithmetic, test.arithmetic)] {
            var found: ModelShapeError?
            do { try shape.check(limits, bits: QuantiserBits()) } catch { found = error }
            #expect(found == expected)
        }
    }

    /// More than 8 bits in any quantiser allow a network a quarter of the tokens.
    @Test func wideQuantisersTakeFewerTokens() throws {
        let shape = Self.changed { $0.batchSize = 1_024 }
        try shape.check(.network, bits: QuantiserBits())
        for bits in [QuantiserBits(linear: 9), QuantiserBits(attention: 12), QuantiserBits(router: 16)] {
            #expect(throws: ModelShapeError.outOfRange(field: "tokens a step of model", least: 1, most: 32_768, actual: 65_536)) {
                try shape.check(.network, bits: bits)
            }
            try Self.regtest.check(.network, bits: bits)
        }
    }

    @Test func bitsAreTwoToSixteen() throws {
        for bits in [UInt32(2), 16] { try QuantiserBits(linear: bits, attention: bits, router: bits).check("training") }
        for (bits, name) in [
            (QuantiserBits(linear: 1), "linearBits"), (QuantiserBits(attention: 17), "attentionBits"), (QuantiserBits(router: 0), "routerBits"),
        ] {
            do {
                try bits.check("training")
                Issue.record("\(bits) were accepted")
            } catch {
                guard case .outOfRange("training.\(name)", 2, 16, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
    }

    /// Whatever a network may choose can be trained: no network is launched that no node can follow.
    @Test func everyModelOfANetworkCanBeTrained() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<200_000 {
            func pick(_ range: ClosedRange<UInt32>, multipleOf step: UInt32 = 1) -> UInt32 {
                // As often near the ends as anywhere: sizes of each order of magnitude.
                let bits = UInt32.random(in: 0...20, using: &random)
                return min(max((UInt32.random(in: 0...(1 << bits), using: &random)) / step * step, range.lowerBound), range.upperBound)
            }
            let limits = ModelLimits.network
            let head = UInt32(1) << UInt32.random(in: 2...14, using: &random)
            let heads = pick(1...64)
            let shape = ModelShape(
                embeddingLength: head * heads, layerCount: pick(limits.layerCount), headCount: heads, expertCount: pick(2...1_024),
                expertWidth: pick(limits.expertWidth, multipleOf: 32), contextLength: pick(limits.contextLength),
                batchSize: pick(limits.batchSize))
            let bits = QuantiserBits(linear: .random(in: 2...16, using: &random))
            guard (try? shape.check(.network, bits: bits)) != nil else { continue }
            accepted += 1
            do { try shape.check(.arithmetic, bits: bits) } catch { Issue.record("seed \(seed): \(shape): \(error)") }
        }
        #expect(accepted > 1_000, "seed \(seed)")
    }

    // MARK: Growth

    @Test func whatMayGrow() throws {
        let edits: [Edit] = [
            { _ in }, { $0.layerCount = 3 }, { $0.layerCount = 4 }, { $0.expertCount = 9 }, { $0.expertCount = 16 }, { $0.expertWidth = 160 },
            { $0.expertWidth = 256 }, { $0.embeddingLength = 128; $0.headCount = 4 }, { $0.contextLength = 8_192 }, { $0.batchSize = .max },
            { $0.layerCount = 4; $0.expertCount = 16; $0.batchSize = 40 },
            { $0.embeddingLength = 128; $0.headCount = 4; $0.expertWidth = 256; $0.expertCount = 16; $0.contextLength = 96 },
        ]
        for edit in edits { try Self.regtest.checkGrowth(into: Self.changed(edit)) }
    }

    @Test func whatMayNotGrowIsNamed() {
        let edits: [(edit: Edit, field: String)] = [
            ({ $0.embeddingLength = 96; $0.headCount = 3 }, "embeddingLength"), ({ $0.embeddingLength = 32; $0.headCount = 1 }, "embeddingLength"),
            ({ $0.embeddingLength = 256; $0.headCount = 8 }, "embeddingLength"), ({ $0.embeddingLength = 128 }, "headCount"),
            ({ $0.headCount = 4 }, "headCount"), ({ $0.headCount = 0 }, "headCount"), ({ $0.layerCount = 1 }, "layerCount"),
            ({ $0.layerCount = 5 }, "layerCount"), ({ $0.expertCount = 7 }, "expertCount"), ({ $0.expertCount = 17 }, "expertCount"),
            ({ $0.expertsPerToken = 3 }, "expertsPerToken"), ({ $0.expertWidth = 127 }, "expertWidth"),
            ({ $0.expertWidth = 257 }, "expertWidth"), ({ $0.contextLength = 63 }, "contextLength"), ({ $0.batchSize = 31 }, "batchSize"),
            ({ $0.layerCount = 3; $0.expertWidth = 160 }, "expertWidth"),
            ({ $0.layerCount = 3; $0.embeddingLength = 128; $0.headCount = 4 }, "embeddingLength"),
        ]
        for (edit, field) in edits {
            do {
                try Self.regtest.checkGrowth(into: Self.changed(edit), field: "growth[0].model")
                Issue.record("\(field) was accepted")
            } catch {
                #expect(error.description.hasPrefix("growth[0].model.\(field) is "), "\(error)")
            }
        }
    }

    /// Sizes that are no model do not trap either.
    @Test func growthOfAnythingIsJudged() {
        let sizes = [UInt32(0), 1, 2, 1 << 31, .max]
        for old in sizes {
            for new in sizes {
                func shape(_ size: UInt32) -> ModelShape {
                    ModelShape(
                        embeddingLength: size, layerCount: size, headCount: size, expertCount: size, expertsPerToken: size, expertWidth: size,
                        contextLength: size, batchSize: size)
                }
                _ = try? shape(old).checkGrowth(into: shape(new))
                _ = (shape(old).parameterCount, shape(old).tokensPerStep, shape(old).headLength)
                #expect(throws: ModelShapeError.self) { try shape(new).check(.arithmetic, bits: QuantiserBits()) }
            }
        }
    }
}
