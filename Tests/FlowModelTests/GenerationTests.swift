import FlowGGUF
@testable import FlowModel
import Foundation
import Testing

struct GenerationTests {
    private func model(contextLength: UInt32 = 64) throws -> InferenceModel {
        try InferenceModel(file: RandomModel.file(RandomModel.configuration(contextLength: contextLength), seed: 21))
    }

    private let prompt = [256, 72, 105]

    @Test func theSameSeedGivesTheSameText() throws {
        let model = try model()
        let options = GenerationOptions(sampling: SamplingOptions(seed: 5), maximumTokens: 30)
        let first = try InferenceSession(model: model).generate(prompt, options: options) { _ in true }
        var pieces = ""
        let second = try InferenceSession(model: model).generate(prompt, options: options) { event in
            if case .text(let text) = event { pieces += text }
            return true
        }
        #expect(first == second)
        #expect(pieces == second.text)
        #expect(second.generatedTokens == 30)
        #expect(second.reason == .maximumTokens)
    }

    @Test func aFullContextEndsOrSlides() throws {
        let model = try model()
        var options = GenerationOptions(sampling: SamplingOptions(seed: 5), maximumTokens: 200, slidesContext: false)
        let ended = try InferenceSession(model: model).generate(prompt, options: options) { _ in true }
        #expect(ended.reason == .contextFull || ended.reason == .endOfText)
        #expect(ended.generatedTokens <= 62)
        #expect(throws: InferenceError.contextFull(needed: 65, capacity: 64)) {
            try InferenceSession(model: model).generate([Int](repeating: 65, count: 65), options: options) { _ in true }
        }
        options.slidesContext = true
        let session = InferenceSession(model: model)
        let slid = try session.generate([256] + [Int](repeating: 65, count: 100), options: options) { _ in true }
        #expect(slid.reason == .maximumTokens || slid.reason == .endOfText)
        #expect(session.tokens.first == 256)
        #expect(session.tokens.count <= 64)
    }

    @Test func aStopSequenceEndsTheAnswer() throws {
        let model = try model()
        var options = GenerationOptions(sampling: .greedy, maximumTokens: 40)
        let whole = try InferenceSession(model: model).generate(prompt, options: options) { _ in true }
        let scalars = Array(whole.text.unicodeScalars)
        let stop = try #require(scalars.last { $0 != "\u{FFFD}" })
        options.stopSequences = [String(stop)]
        let cut = try InferenceSession(model: model).generate(prompt, options: options) { _ in true }
        #expect(cut.reason == .stopSequence(String(stop)))
        #expect(!cut.text.unicodeScalars.contains(stop))
        #expect(whole.text.unicodeScalars.starts(with: cut.text.unicodeScalars))
    }

    @Test func anAnswerCanBeStopped() throws {
        let model = try model(contextLength: 256)
        var count = 0
        let result = try InferenceSession(model: model).generate(prompt) { event in
            if case .text = event { count += 1 }
            return count < 5
        }
        #expect(result.reason == .cancelled)
        #expect(count == 5)
    }

    @Test func answersByTurnsAreThoseOfEachAlone() throws {
        let model = try model()
        let prompts = [[256, 72, 105], [256, 72, 111, 119], [256] + [Int](repeating: 66, count: 40)]
        func options(_ index: Int) -> GenerationOptions {
            GenerationOptions(sampling: SamplingOptions(temperature: 1, seed: UInt64(index)), maximumTokens: 20)
        }
        let alone = try prompts.enumerated().map { index, prompt in
            try InferenceSession(model: model).generate(prompt, options: options(index)) { _ in true }
        }
        let generations = prompts.enumerated().map { index, prompt in
            Generation(InferenceSession(model: model), prompt: prompt, options: options(index))
        }
        var active = generations[...]
        while let first = active.popFirst() { if try first.step({ _ in true }) { active.append(first) } }
        #expect(generations.map(\.result) == alone)
        // A finished answer makes no further step.
        #expect(try !generations[0].step { _ in true })
    }

    @Test func probabilitiesBelongToTheText() throws {
        let model = try model(contextLength: 256)
        for stop in ["", "A", "é", "zz"] {
            let options = GenerationOptions(
                sampling: SamplingOptions(temperature: 1.5, topK: 0, topP: 1, minP: 0, seed: 9), maximumTokens: 60,
                stopSequences: [stop], listedTokens: 3)
            var choices: [TokenChoice] = []
            var text = ""
            let result = try InferenceSession(model: model).generate(prompt, options: options) { event in
                switch event {
                case .tokens(let new): choices += new
                case .text(let new): text += new
                default: break
                }
                return true
            }
            #expect(text == result.text)
            let bytes = choices.flatMap { model.tokenizer.decode($0.token) }
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(text), "\(stop)")
            for choice in choices {
                #expect(choice.best.count == 3 && choice.logProbability <= choice.best[0].logProbability)
                #expect(choice.best.map(\.logProbability) == choice.best.map(\.logProbability).sorted(by: >))
                #expect(choice.logProbability <= 0 && choice.logProbability.isFinite)
            }
        }
        // All probabilities together are 1.
        let session = InferenceSession(model: model)
        var sum: Float = 0
        let options = GenerationOptions(maximumTokens: 1, listedTokens: 258)
        _ = try session.generate(prompt, options: options) { event in
            if case .tokens(let new) = event { sum = new[0].best.reduce(0) { $0 + exp($1.logProbability) } }
            return true
        }
        #expect(abs(sum - 1) < 1e-4)
    }
}
