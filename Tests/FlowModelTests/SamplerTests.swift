@testable import FlowModel
import TestSupport
import Testing

struct SamplerTests {
    private let logits: [Float] = [0.5, 2, -1, 2, 1.5, .nan, -.infinity]

    private func counts(_ options: SamplingOptions, recent: [Int] = [], draws: Int = 4000) -> [Int: Int] {
        var sampler = Sampler(options)
        var counts: [Int: Int] = [:]
        for _ in 0..<draws { counts[sampler.sample(logits, recent: recent) ?? -1, default: 0] += 1 }
        return counts
    }

    @Test func greedyTakesTheFirstOfTheBest() {
        var sampler = Sampler(.greedy)
        #expect(sampler.sample(logits, recent: []) == 1)
        #expect(sampler.sample([.nan, .infinity], recent: []) == nil)
    }

    @Test func drawsFollowTheProbabilities() {
        let open = SamplingOptions(temperature: 1, topK: 0, topP: 1, minP: 0, seed: 3)
        let counts = counts(open, draws: 40_000)
        let weights: [Float] = [1.6487213, 7.389056, 0.36787945, 7.389056, 4.481689]
        let sum = weights.reduce(0, +)
        for (token, weight) in weights.enumerated() {
            #expect(abs(Float(counts[token] ?? 0) / 40_000 - weight / sum) < 0.01, "token \(token)")
        }
        #expect(counts.count == 5)
    }

    @Test func theTailIsCut() {
        #expect(Set(counts(SamplingOptions(temperature: 1, topK: 2, topP: 1, minP: 0)).keys) == [1, 3])
        #expect(Set(counts(SamplingOptions(temperature: 1, topK: 0, topP: 0.7, minP: 0)).keys) == [1, 3, 4])
        #expect(Set(counts(SamplingOptions(temperature: 1, topK: 0, topP: 1, minP: 0.5)).keys) == [1, 3, 4])
        #expect(Set(counts(SamplingOptions(temperature: 1, topK: 0, topP: 0, minP: 0)).keys) == [1])
        #expect(Set(counts(SamplingOptions(temperature: 1, topK: 1, topP: 1, minP: 0)).keys) == [1])
    }

    @Test func repetitionIsPenalised() {
        var sampler = Sampler(SamplingOptions(temperature: 0, repetitionPenalty: 2))
        #expect(sampler.sample(logits, recent: [1]) == 3)
        #expect(sampler.sample(logits, recent: [1, 3]) == 4)
        sampler = Sampler(SamplingOptions(temperature: 0, repetitionPenalty: 2, repetitionWindow: 1))
        #expect(sampler.sample(logits, recent: [1, 3]) == 1)
    }

    @Test func theSameSeedDrawsTheSame() {
        func draws(_ seed: UInt64) -> [Int?] {
            var sampler = Sampler(SamplingOptions(seed: seed))
            return (0..<50).map { _ in sampler.sample(logits, recent: []) }
        }
        #expect(draws(1) == draws(1))
        #expect(draws(1) != draws(2))
    }

    @Test func topKEqualsSorting() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let logits = (0..<300).map { _ in Float.random(in: -3...3, using: &generator) }
            let k = Int.random(in: 1...40, using: &generator)
            let best = Set(logits.indices.sorted { logits[$0] > logits[$1] }.prefix(k))
            var sampler = Sampler(SamplingOptions(temperature: 5, topK: k, topP: 1, minP: 0, seed: 1))
            for _ in 0..<100 { #expect(best.contains(sampler.sample(logits, recent: []) ?? -1)) }
        }
    }
    @Test func presenceAndFrequencyArePenalised() {
        // llama.cpp: once off for presence, and once more for each occurrence.
        var sampler = Sampler(SamplingOptions(temperature: 0, presencePenalty: 0.6))
        #expect(sampler.sample(logits, recent: [1, 3]) == 4)
        sampler = Sampler(SamplingOptions(temperature: 0, presencePenalty: 0.4))
        #expect(sampler.sample(logits, recent: [1, 1, 1, 3]) == 1)
        sampler = Sampler(SamplingOptions(temperature: 0, frequencyPenalty: 0.2))
        #expect(sampler.sample(logits, recent: [1, 1, 1, 3]) == 3)
        #expect(sampler.sample(logits, recent: [1, 1, 1, 3, 3, 3]) == 4)
        sampler = Sampler(SamplingOptions(temperature: 0, frequencyPenalty: -1))
        #expect(sampler.sample(logits, recent: [4]) == 4)
    }

    @Test func biasesAreAdded() {
        var sampler = Sampler(SamplingOptions(temperature: 0, logitBias: [2: 100]))
        #expect(sampler.sample(logits, recent: []) == 2)
        let banned = SamplingOptions(temperature: 1, topK: 0, topP: 1, minP: 0, logitBias: [1: -100, 3: -100])
        #expect(Set(counts(banned).keys) == [0, 2, 4])
    }

    @Test func parametersOutsideTheirRangeAreNamed() throws {
        try SamplingOptions().validate(vocabularySize: 7)
        try SamplingOptions.greedy.validate()
        let wrong: [(String, SamplingOptions)] = [
            ("temperature", SamplingOptions(temperature: -0.1)), ("temperature", SamplingOptions(temperature: .nan)),
            ("temperature", SamplingOptions(temperature: .infinity)), ("top_k", SamplingOptions(topK: -1)),
            ("top_p", SamplingOptions(topP: 1.01)), ("min_p", SamplingOptions(minP: -0.01)),
            ("repetition_penalty", SamplingOptions(repetitionPenalty: 0)),
            ("presence_penalty", SamplingOptions(presencePenalty: .nan)),
            ("frequency_penalty", SamplingOptions(frequencyPenalty: 101)),
            ("repetition_window", SamplingOptions(repetitionWindow: -1)),
            ("logit_bias", SamplingOptions(logitBias: [7: 1])), ("logit_bias", SamplingOptions(logitBias: [-1: 1])),
            ("logit_bias", SamplingOptions(logitBias: [6: .nan])),
        ]
        for (name, options) in wrong {
            let error = #expect(throws: SamplingError.self) { try options.validate(vocabularySize: 7) }
            #expect(error?.parameter == name)
            #expect("\(try #require(error))".contains(name))
        }
    }
}
