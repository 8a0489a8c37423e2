import FlowGGUF
import TestSupport
import Testing

struct ModelCheckTests {
    private func file(_ changes: [(String, GGUFValue)], weights: [Float] = [1, 2, 3, 4]) throws -> GGUFFile {
        var header = GGUFHeader()
        let sound: [(String, GGUFValue)] = [
            ("general.architecture", .string("qwen3moe")),
            ("qwen3moe.block_count", .uint32(2)), ("qwen3moe.context_length", .uint32(64)),
            ("qwen3moe.embedding_length", .uint32(32)), ("qwen3moe.attention.head_count", .uint32(4)),
            ("qwen3moe.attention.head_count_kv", .uint32(2)), ("qwen3moe.expert_count", .uint32(8)),
            ("qwen3moe.expert_used_count", .uint32(2)),
            ("qwen3moe.attention.layer_norm_rms_epsilon", .float32(1e-6)),
            ("qwen3moe.rope.freq_base", .float32(10_000)),
            ("tokenizer.ggml.tokens", .strings(["a", "b", "c"])),
            ("tokenizer.ggml.scores", .array(.float32([0, 0, 0]))),
            ("tokenizer.ggml.token_type", .array(.int32([1, 1, 3]))),
            ("tokenizer.ggml.merges", .strings(["a b"])),
            ("tokenizer.ggml.eos_token_id", .uint32(2)),
        ]
        for (key, value) in sound + changes { try header.set(key, value) }
        try header.addTensor("w", dimensions: [weights.count], type: .f32)
        var writer = try GGUFWriter(header: header, sink: GGUFMemorySink())
        try writer.append(floats: weights)
        try writer.finish()
        return try GGUFFile(bytes: writer.sink.bytes)
    }

    @Test func aSoundModelPasses() throws {
        try file([]).checkModel(weights: true)
        try file([("qwen3moe.attention.head_count_kv", .array(.int32([2, 1])))]).checkModel()
    }

    @Test(arguments: [
        ("qwen3moe.block_count", .uint32(0)), ("qwen3moe.block_count", .string("2")),
        ("qwen3moe.expert_used_count", .uint32(9)), ("qwen3moe.expert_used_count", .uint32(0)),
        ("qwen3moe.attention.head_count", .int32(-4)),
        ("qwen3moe.attention.head_count_kv", .uint32(3)),
        ("qwen3moe.attention.layer_norm_rms_epsilon", .float32(0)),
        ("qwen3moe.attention.layer_norm_rms_epsilon", .float32(-1e-6)),
        ("qwen3moe.attention.layer_norm_rms_epsilon", .float32(.nan)),
        ("qwen3moe.rope.freq_base", .float32(0)), ("qwen3moe.rope.freq_base", .float32(.infinity)),
        ("tokenizer.ggml.tokens", .strings(["a", "b", "a"])), ("tokenizer.ggml.tokens", .uint8(1)),
        ("tokenizer.ggml.scores", .array(.uint8([1, 2, 3]))), ("tokenizer.ggml.scores", .array(.float32([0, 0]))),
        ("tokenizer.ggml.token_type", .array(.uint8([1, 2, 3]))), ("tokenizer.ggml.merges", .array(.int32([1]))),
        ("tokenizer.ggml.eos_token_id", .uint32(3)), ("tokenizer.ggml.bos_token_id", .int32(-1)),
        ("tokenizer.ggml.unknown_token_id", .uint32(.max)),
    ] as [(String, GGUFValue)])
    func anImpossibleValueIsNamed(_ key: String, _ value: GGUFValue) throws {
        let file = try file([(key, value)])
        do throws(GGUFError) {
            try file.checkModel()
            Issue.record("\(key) = \(value) passed")
        } catch {
            guard case .unexpectedValue(key, _, _, let offset) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(offset == file.metadata.entry(key)?.offset)
        }
    }

    @Test func tokensThatOnlyUnicodeTakesForEqualAreDifferent() throws {
        try file([("tokenizer.ggml.tokens", .strings(["\u{E9}", "e\u{301}", "c"]))]).checkModel()
    }

    @Test func badWeightsAreFoundOnRequest() throws {
        let file = try file([], weights: [1, 2, .nan, 4])
        try file.checkModel()
        let start = file.tensors[0].fileOffset
        #expect(throws: GGUFError.nonFinite(tensor: "w", element: 2, offset: start + 8)) {
            try file.checkModel(weights: true)
        }
    }

    @Test func badScoresPassTheContainerAndNotTheModel() throws {
        let bytes = try MalformedFiles.load().first { $0.name == "TOKEN_SCORES_WRONG_TYPE" }.map { hexBytes($0.hex) }
        let file = try GGUFFile(bytes: #require(bytes))
        #expect(throws: GGUFError.missingKey("general.architecture")) { try file.checkModel() }
    }
}
