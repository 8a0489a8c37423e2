import FlowModel
@testable import FlowTensor
@testable import FlowTraining
import Testing

@Suite struct ModelConfigurationTests {
    @Test func tensorsStandInCanonicalOrderWithoutGaps() throws {
        let c = try ModelFixture.odd()
        #expect(c.tensors.first?.name == "token_embd.weight")
        #expect(c.tensors.map(\.name)[1...12] == [
            "blk.0.attn_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
            "blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight", "blk.0.attn_output.weight", "blk.0.ffn_norm.weight",
            "blk.0.ffn_gate_inp.weight", "blk.0.ffn_gate_exps.weight", "blk.0.ffn_up_exps.weight", "blk.0.ffn_down_exps.weight",
        ])
        #expect(c.tensors.suffix(2).map(\.name) == ["output_norm.weight", "output.weight"])
        var offset = 0
        for tensor in c.tensors {
            #expect(tensor.offset == offset)
            offset += tensor.count
        }
        #expect(c.parameterCount == offset)
        #expect(c.tensors.first { $0.role == .down }?.shape == [3, 24, 20])
        #expect(c.tensors.first { $0.role == .gate }?.shape == [3, 20, 24])
    }

    @Test func networksHaveTheirParameterCounts() throws {
        #expect(try ModelFixture.regtest().parameterCount == 460_480)
        let testnet = try ModelConfiguration(
            ModelShape(
                embeddingLength: 128, layerCount: 4, headCount: 4, expertCount: 16, expertWidth: 256, contextLength: 128, batchSize: 32))
        #expect(testnet.parameterCount == 6_629_248)
        let mainnet = try ModelConfiguration(
            ModelShape(
                embeddingLength: 512, layerCount: 8, headCount: 8, expertCount: 128, expertWidth: 512, contextLength: 256, batchSize: 32))
        #expect(mainnet.parameterCount == 814_493_184)
    }

    /// The number that the rules count is the number of elements that are laid out.
    @Test func theShapeCountsWhatTheLayoutHolds() throws {
        for c in [try ModelFixture.odd(), try ModelFixture.mixedBits(), try ModelFixture.regtest(), try ModelFixture.tiny(bits: 8, balancingWeight: 0)] {
            #expect(UInt64(c.parameterCount) == c.shape.parameterCount(vocabularySize: UInt32(c.vocabularySize)))
        }
    }

    @Test func anExactSumHoldsTheTokensOfAStep() {
        #expect(ModelLimits.arithmetic.tokensPerStep == UInt64(IntegerProduct.longestContraction))
        #expect(ModelLimits.arithmetic.expertWidth.upperBound == UInt32(IntegerProduct.longestContraction))
    }

    @Test func aNetworksTrainingDecidesBitsAndBalancing() throws {
        let shape = try ModelFixture.regtest().shape
        let training = TrainingParameters(
            stepsPerBlock: 8, firstPayingStep: 1, initialisationSeed: 1, peakLearningRate: [], warmupSteps: 8, balancingWeight: 10_000,
            linearBits: 8, attentionBits: 7, routerBits: 12)
        let c = try ModelConfiguration(shape, training: training)
        #expect((c.linearBits, c.attentionBits, c.routerBits) == (8, 7, 12))
        #expect(c.balancingWeight == 0.01)
        #expect(try ModelConfiguration(shape, balancingWeight: 123_457).balancingWeight == 0.123457)
    }

    @Test func sizesThatAreNoModelAreNamed() throws {
        func make(_ bits: QuantiserBits = QuantiserBits(), balancing: UInt32 = 10_000, edit: (inout ModelShape) -> Void = { _ in }) throws(ModelShapeError) {
            var shape = ModelShape(
                embeddingLength: 64, layerCount: 2, headCount: 2, expertCount: 8, expertWidth: 128, contextLength: 64, batchSize: 32)
            edit(&shape)
            _ = try ModelConfiguration(shape, bits: bits, balancingWeight: balancing)
        }
        try make()
        try make(balancing: 1_000_000)
        #expect(throws: ModelShapeError.notDivisible(field: "model.embeddingLength", divisor: 3, actual: 64)) {
            try make { $0.headCount = 3 }
        }
        #expect(throws: ModelShapeError.outOfRange(field: "model.linearBits", least: 2, most: 16, actual: 17)) {
            try make(QuantiserBits(linear: 17))
        }
        #expect(throws: ModelShapeError.outOfRange(field: "model.balancingWeight", least: 0, most: 1_000_000, actual: 1_000_001)) {
            try make(balancing: 1_000_001)
        }
        for value in [UInt32(0), 1 << 31, .max] {
            #expect(throws: ModelShapeError.self) { try make { $0.embeddingLength = value } }
            #expect(throws: ModelShapeError.self) { try make { $0.layerCount = value } }
            #expect(throws: ModelShapeError.self) { try make { $0.headCount = value } }
            #expect(throws: ModelShapeError.self) { try make { $0.expertCount = value } }
            #expect(throws: ModelShapeError.self) { try make { $0.expertWidth = value } }
            #expect(throws: ModelShapeError.self) { try make { $0.contextLength = value } }
            #expect(throws: ModelShapeError.self) { try make { $0.batchSize = value } }
        }
        // The sizes multiply to more than 64 bits hold.
        #expect(throws: ModelShapeError.self) {
            try make {
                $0 = ModelShape(
                    embeddingLength: 65_536, layerCount: 1_024, headCount: 64, expertCount: 65_536, expertWidth: 131_072, contextLength: 64,
                    batchSize: 32)
            }
        }
    }
}
