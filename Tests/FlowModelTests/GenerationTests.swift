import FlowGGUF
import FlowModel
import Testing

struct GenerationTests {
    private func model(contextLength: Int = 64) throws -> InferenceModel {
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

    @Test func aWorkerStreams() async throws {
        let model = try model()
        let options = GenerationOptions(sampling: SamplingOptions(seed: 5), maximumTokens: 30)
        let expected = try InferenceSession(model: model).generate(prompt, options: options) { _ in true }
        let worker = InferenceWorker(model: model, threads: 2)
        for _ in 0..<2 {
            var text = ""
            var finished: GenerationResult?
            for try await event in worker.generate(prompt, options: options) {
                switch event {
                case .text(let piece): text += piece
                case .finished(let result): finished = result
                case .prompt: break
                }
            }
            #expect(text == expected.text)
            #expect(finished?.reason == .maximumTokens)
        }
        // Leaving the loop stops an endless answer, and the worker takes the next request.
        for try await event in worker.generate(prompt) {
            if case .text = event { break }
        }
        await #expect(throws: InferenceError.tokenOutOfRange(token: 999, vocabularySize: 258)) {
            for try await _ in worker.generate([999]) {}
        }
    }
}
