import FlowGGUF
@testable import FlowModel
import Foundation
import TestSupport
import Testing

struct ExportTests {
    @Test func weightsComeBackBitForBit() throws {
        let configuration = try RandomModel.configuration()
        let state = RandomModel.state(configuration, seed: 11)
        let folder = try TemporaryFolder()
        try ModelExport(configuration: configuration).write(state, toFile: folder.path("model.gguf"))
        let file = try GGUFFile(mapping: folder.path("model.gguf"))
        try file.checkModel(weights: true)
        #expect(file.tensors.map(\.name) == configuration.tensors.map(\.name))
        for tensor in configuration.tensors {
            let info = try #require(file.tensor(tensor.name))
            #expect(info.dimensions == tensor.shape.reversed())
            #expect(try file.floats(of: info).map(\.bitPattern) == state.elements(of: tensor).map(\.bitPattern))
        }
    }

    @Test func theMetadataIsWhatLlamaCppNeeds() throws {
        let configuration = try RandomModel.configuration()
        let export = ModelExport(
            configuration: configuration, format: .q8_0, name: "Test",
            metadata: [("flowcoin.chain.height", .uint32(12)), ("general.description", .string("block 12"))])
        let metadata = try export.header().metadata
        let expected: [(String, GGUFValue)] = [
            ("general.architecture", .string("qwen3moe")), ("general.name", .string("Test")),
            ("general.file_type", .uint32(7)), ("general.quantization_version", .uint32(2)),
            ("qwen3moe.expert_used_count", .uint32(2)), ("qwen3moe.attention.key_length", .uint32(16)),
            ("qwen3moe.expert_feed_forward_length", .uint32(96)),
            ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string("qwen2")),
            ("tokenizer.ggml.merges", .array(.string(GGUFStrings()))), ("tokenizer.ggml.bos_token_id", .uint32(256)),
            ("tokenizer.ggml.eos_token_id", .uint32(257)), ("tokenizer.ggml.add_bos_token", .bool(true)),
            ("flowcoin.chain.height", .uint32(12)), ("general.description", .string("block 12")),
        ]
        for (key, value) in expected { #expect(metadata[key] == value, "\(key)") }
        let tokens = try #require(metadata["tokenizer.ggml.tokens"]?.strings)
        #expect(tokens.count == 258)
        #expect([tokens[0], tokens[10], tokens[32], tokens[65], tokens[255], tokens[256]] == ["Ā", "Ċ", "Ġ", "A", "ÿ", "<bos>"])
    }

    @Test func smallTensorsStayPreciseAndOddRowsBecomeBinary16() throws {
        let configuration = try ModelConfiguration(
            ModelShape(
                embeddingLength: 48, layerCount: 1, headCount: 6, expertCount: 4, expertWidth: 64, contextLength: 32, batchSize: 1))
        let header = try ModelExport(configuration: configuration, format: .q8_0).header()
        let types = Dictionary(uniqueKeysWithValues: header.tensors.map { ($0.name, $0.type) })
        #expect(types["output_norm.weight"] == .f32)
        #expect(types["blk.0.attn_q_norm.weight"] == .f32)
        #expect(types["blk.0.ffn_gate_inp.weight"] == .f32)
        #expect(types["token_embd.weight"] == .f16)
        #expect(types["blk.0.ffn_gate_exps.weight"] == .f16)
        #expect(types["blk.0.ffn_down_exps.weight"] == .q8_0)
    }

    @Test func aFailedExportLeavesTheOldFile() throws {
        let configuration = try RandomModel.configuration()
        let folder = try TemporaryFolder()
        let path = folder.path("model.gguf")
        try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        let other = try ModelConfiguration(
            ModelShape(
                embeddingLength: 32, layerCount: 1, headCount: 2, expertCount: 2, expertWidth: 32, contextLength: 16, batchSize: 1))
        #expect(throws: GGUFError.self) {
            try ModelExport(configuration: configuration).write(ModelState(zeros: other), toFile: path)
        }
        #expect(throws: GGUFError.self) {
            try ModelExport(configuration: configuration).write(to: GGUFFileSink(path: path)) { _, _ in }
        }
        let state = RandomModel.state(configuration, seed: 1)
        state.withUnsafeMutableElements { $0[3] = .infinity }
        #expect(throws: GGUFError.unrepresentable(type: .q8_0, element: 3, value: .infinity)) {
            try ModelExport(configuration: configuration, format: .q8_0).write(state, toFile: path)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["model.gguf"])
    }
}
