import FlowModel
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
            embeddingLength: 128, layerCount: 4, headCount: 4, expertCount: 16, expertWidth: 256, contextLength: 128,
            batchSize: 32)
        #expect(testnet.parameterCount == 6_629_248)
        let mainnet = try ModelConfiguration(
            embeddingLength: 512, layerCount: 8, headCount: 8, expertCount: 128, expertWidth: 512, contextLength: 256,
            batchSize: 32)
        #expect(mainnet.parameterCount == 814_493_184)
    }

    @Test func sizesThatAreNoModelAreNamed() throws {
        func make(
            d: Int = 64, layers: Int = 2, heads: Int = 2, experts: Int = 8, width: Int = 128, context: Int = 64,
            batch: Int = 32, perToken: Int = 2, bits: Int = 8, balancing: Float = 0.01
        ) throws(ModelConfigurationError) {
            _ = try ModelConfiguration(
                embeddingLength: d, layerCount: layers, headCount: heads, expertCount: experts, expertWidth: width,
                contextLength: context, batchSize: batch, expertsPerToken: perToken, linearBits: bits,
                balancingWeight: balancing)
        }
        try make()
        #expect(throws: ModelConfigurationError.notDivisible(
            name: "embeddingLength", value: 64, divisorName: "headCount", divisor: 3)) { try make(heads: 3) }
        #expect(throws: ModelConfigurationError.headLength(12)) { try make(d: 24) }
        #expect(throws: ModelConfigurationError.headLength(2)) { try make(d: 8, heads: 4) }
        #expect(throws: ModelConfigurationError.outOfRange(name: "expertCount", value: 1, allowed: 2...65_536)) {
            try make(experts: 1)
        }
        #expect(throws: ModelConfigurationError.outOfRange(name: "expertsPerToken", value: 3, allowed: 2...2)) {
            try make(perToken: 3)
        }
        #expect(throws: ModelConfigurationError.outOfRange(
            name: "contextLength × batchSize", value: 262_144, allowed: 1...131_072)) {
            try make(context: 8_192, batch: 32)
        }
        #expect(throws: ModelConfigurationError.outOfRange(name: "linearBits", value: 17, allowed: 2...16)) { try make(bits: 17) }
        #expect(throws: ModelConfigurationError.balancingWeight(-1)) { try make(balancing: -1) }
        #expect(throws: ModelConfigurationError.self) { try make(balancing: .nan) }
        for value in [0, -1, Int.min, Int.max] {
            #expect(throws: ModelConfigurationError.self) { try make(d: value) }
            #expect(throws: ModelConfigurationError.self) { try make(layers: value) }
            #expect(throws: ModelConfigurationError.self) { try make(heads: value) }
            #expect(throws: ModelConfigurationError.self) { try make(experts: value) }
            #expect(throws: ModelConfigurationError.self) { try make(width: value) }
            #expect(throws: ModelConfigurationError.self) { try make(context: value) }
            #expect(throws: ModelConfigurationError.self) { try make(batch: value) }
        }
        #expect(throws: ModelConfigurationError.tooManyParameters(limit: 1 << 42)) {
            try make(d: 65_536, layers: 1_024, heads: 64, experts: 65_536, width: 131_072)
        }
    }
}
