import FlowGGUF
@testable import FlowModel
import FlowTensor
import Foundation
import TestSupport
import Testing

struct InferenceTests {
    /// Logits of llama.cpp for the file that the exporter writes; see `Tests/Compatibility/check_llama_cpp.py --store`.
    private struct Stored: Decodable {
        let prompts: [[Int]]
        let logits: [[Float]]
    }

    @Test func logitsEqualLlamaCpps() throws {
        let stored = try Vectors.json("flow/inference_llama_cpp.json", as: Stored.self)
        #expect(stored.prompts == RandomModel.prompts(stored.prompts.count, seed: 5, longest: 200))
        let model = try InferenceModel(file: RandomModel.file(RandomModel.configuration(), seed: 4))
        for (prompt, expected) in zip(stored.prompts, stored.logits) {
            let session = InferenceSession(model: model)
            try session.prefill(prompt)
            #expect(largestDifference(session.logits, expected) <= 1e-4, "prompt of \(prompt.count) tokens")
        }
    }

    /// The same for dense files and files with experts of the Llama family.
    @Test(arguments: RandomLlama.kinds.map(\.name))
    func logitsOfLlamaFilesEqualLlamaCpps(_ name: String) throws {
        let stored = try Vectors.json("flow/inference_llama_cpp_\(name).json", as: Stored.self)
        let experts = try #require(RandomLlama.kinds.first { $0.name == name }).experts
        let model = try InferenceModel(file: RandomLlama.file(experts: experts, seed: 6))
        #expect(stored.prompts == RandomModel.prompts(stored.prompts.count, seed: 5, longest: 200))
        for (prompt, expected) in zip(stored.prompts, stored.logits) {
            let session = InferenceSession(model: model)
            try session.prefill(prompt)
            #expect(largestDifference(session.logits, expected) <= 1e-4, "prompt of \(prompt.count) tokens")
        }
    }

    @Test(arguments: ExportFormat.allCases)
    func quantisedProductsEqualThoseOfTheDecodedWeights(_ format: ExportFormat) throws {
        let configuration = try RandomModel.configuration()
        let file = try RandomModel.file(configuration, seed: 9, format: format)
        // The same weights, decoded, in an F32 file.
        let decoded = try GGUFFile(
            bytes: ModelExport(configuration: configuration).write(to: GGUFMemorySink()) {
                (tensor, append) throws(GGUFError) in
                guard let info = file.tensor(tensor.name) else { throw .missingTensor(tensor.name) }
                let floats = try file.floats(of: info)
                var failure: GGUFError?
                floats.withUnsafeBufferPointer { buffer in
                    do throws(GGUFError) { try append(buffer) } catch { failure = error }
                }
                if let failure { throw failure }
            }.bytes)
        let prompt = RandomModel.prompts(1, seed: 3)[0]
        let sessions = try [file, decoded].map { InferenceSession(model: try InferenceModel(file: $0)) }
        for session in sessions {
            try session.prefill(prompt)
            try session.decode(65)
        }
        // Keys and values are binary16 unless the weights are binary32, and the inputs of block types have 16 bits.
        let bound: Float = format == .f32 ? 0 : 4e-3
        #expect(largestDifference(sessions[0].logits, sessions[1].logits) <= bound)
    }

    @Test func piecesStepsAndThreadsGiveTheSameLogits() throws {
        let model = try InferenceModel(file: RandomModel.file(RandomModel.configuration(contextLength: 400), seed: 1))
        let prompt = RandomModel.prompts(1, seed: 2)[0] + (0..<300).map { $0 % 256 }
        let whole = InferenceSession(model: model)
        let rows = try whole.logits(for: prompt)
        #expect(rows.count == prompt.count)
        let steps = InferenceSession(model: model, pool: ThreadPool(threads: 3))
        for (index, token) in prompt.prefix(150).enumerated() {
            try steps.decode(token)
            if index % 7 == 0 { #expect(largestDifference(steps.logits, rows[index]) <= 2e-5) }
        }
        let threads = InferenceSession(model: model, pool: ThreadPool(threads: 4))
        try threads.prefill(prompt)
        #expect(largestDifference(threads.logits, whole.logits) <= 2e-5)
    }

    @Test(arguments: [ExportFormat.f32, .q8_0])
    func sessionsShareABusyPool(_ format: ExportFormat) throws {
        let model = try InferenceModel(file: RandomModel.file(RandomModel.configuration(), seed: 8, format: format))
        let prompts = RandomModel.prompts(6, seed: 6)
        let alone = try prompts.map { prompt in
            let session = InferenceSession(model: model)
            try session.prefill(prompt)
            try session.decode(65)
            return session.logits
        }
        // The pool is busy with these sessions, each of which asks it for threads.
        let pool = ThreadPool(threads: 3)
        let sessions = prompts.map { _ in InferenceSession(model: model, pool: pool) }
        for round in 0..<4 {
            pool.run(sessions.count) { index in
                _ = try? sessions[index].replace(with: prompts[index])
                try? sessions[index].decode(65)
            }
            for index in sessions.indices {
                let bound: Float = format == .f32 ? 2e-5 : 2e-3
                #expect(largestDifference(sessions[index].logits, alone[index]) <= bound, "round \(round), session \(index)")
            }
        }
    }

    @Test func aCommonBeginningIsReused() throws {
        let model = try InferenceModel(file: RandomModel.file(RandomModel.configuration(), seed: 1))
        let session = InferenceSession(model: model)
        let prompt = [256] + (0..<19).map { $0 * 11 }
        try session.prefill(prompt)
        let before = session.logits
        #expect(try session.replace(with: prompt + [1, 2, 3]) == 20)
        #expect(try session.replace(with: prompt) == 19)
        #expect(largestDifference(session.logits, before) <= 2e-5)
        #expect(session.tokens == prompt)
        session.rewind(to: 5)
        #expect(session.tokens.count == 5)
        #expect(try session.replace(with: [7]) == 0)
    }

    @Test func badPromptsAreRefused() throws {
        let model = try InferenceModel(file: RandomModel.file(RandomModel.configuration(), seed: 1))
        let session = InferenceSession(model: model, capacity: 4)
        #expect(throws: InferenceError.emptyPrompt) { try session.prefill([]) }
        #expect(throws: InferenceError.tokenOutOfRange(token: 258, vocabularySize: 258)) { try session.decode(258) }
        #expect(throws: InferenceError.tokenOutOfRange(token: -1, vocabularySize: 258)) { try session.decode(-1) }
        #expect(throws: InferenceError.contextFull(needed: 5, capacity: 4)) { try session.prefill([1, 2, 3, 4, 5]) }
        #expect(throws: InferenceError.cancelled) {
            // More than one piece, as what is being computed is finished first.
            let long = try InferenceModel(file: RandomModel.file(RandomModel.configuration(contextLength: 600), seed: 1))
            try InferenceSession(model: long).prefill([Int](repeating: 1, count: 600)) { _ in false }
        }
        #expect(session.tokens.isEmpty)
    }

    @Test func damagedWeightsAreNamed() throws {
        let configuration = try RandomModel.configuration()
        let state = RandomModel.state(configuration, seed: 1)
        state.withUnsafeMutableElements { $0[configuration.tensors[1].offset] = .nan }
        let file = try GGUFFile(bytes: ModelExport(configuration: configuration).write(state, to: GGUFMemorySink()).bytes)
        let session = InferenceSession(model: try InferenceModel(file: file))
        #expect(throws: InferenceError.nonFiniteLogits(position: 0)) { try session.decode(65) }
    }

    /// Without a length for them, more heads than elements are heads of nothing.
    @Test func headsOfNoElementAreRefused() throws {
        let sound = try InferenceModel(file: GGUFFile(bytes: RandomLlama.bytes(experts: 8, seed: 6, heads: 32, groups: 32)))
        try InferenceSession(model: sound).prefill([256, 1, 2, 3])
        for heads in [65, 128] {
            let file = try GGUFFile(bytes: RandomLlama.bytes(experts: 8, seed: 6, heads: heads, groups: heads))
            do {
                let session = InferenceSession(model: try InferenceModel(file: file))
                Issue.record("\(heads) heads of 64 elements were accepted")
                try session.prefill([256, 1, 2, 3])
            } catch let error as GGUFError {
                #expect(error.description.contains("head_count"), "\(error)")
            }
        }
    }

    @Test func incompleteOrForeignModelsAreRefused() throws {
        let configuration = try RandomModel.configuration()
        let whole = try RandomModel.file(configuration, seed: 1)
        func changed(_ change: (inout GGUFHeader) throws -> Void, without: String? = nil) throws -> GGUFFile {
            var header = GGUFHeader()
            for entry in whole.metadata { try header.set(entry.key, entry.value) }
            try change(&header)
            for tensor in whole.tensors where tensor.name != without {
                try header.addTensor(tensor.name, dimensions: tensor.dimensions, type: tensor.type)
            }
            var writer = try GGUFWriter(header: header, sink: GGUFMemorySink())
            for tensor in whole.tensors where tensor.name != without { try writer.append(floats: whole.floats(of: tensor)) }
            // Tensors that the change added are left empty.
            try writer.finish()
            return try GGUFFile(bytes: writer.sink.bytes)
        }
        #expect(throws: Never.self) { try InferenceModel(file: changed { _ in }) }
        #expect(throws: GGUFError.missingTensor("blk.1.ffn_norm.weight")) {
            try InferenceModel(file: changed({ _ in }, without: "blk.1.ffn_norm.weight"))
        }
        #expect(throws: GGUFError.self) {
            try InferenceModel(file: changed { try $0.set("general.architecture", .string("mamba")) })
        }
        #expect(throws: GGUFError.self) {
            try InferenceModel(file: changed { try $0.set("qwen3moe.embedding_length", .uint32(32)) })
        }
        #expect(throws: GGUFError.self) {
            try InferenceModel(file: changed { try $0.set("qwen3moe.block_count", .uint32(1)) })
        }
        #expect(throws: GGUFError.self) {
            try InferenceModel(file: changed { try $0.addTensor("extra.weight", dimensions: [0], type: .f32) })
        }
        #expect(throws: GGUFError.self) {
            try InferenceModel(file: changed { try $0.set("tokenizer.ggml.model", .string("bert")) })
        }
    }
}
