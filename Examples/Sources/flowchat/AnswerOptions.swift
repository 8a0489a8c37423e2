import ArgumentParser
import FlowModel

/// How answers are drawn.
struct AnswerOptions: ParsableArguments {
    @Option(name: [.customShort("n"), .long], help: "Most tokens of an answer.")
    var maxTokens: Int = 512

    @Option(name: [.customLong("temp"), .customLong("temperature")], help: "0 always takes the most probable token.")
    var temperature: Float = 0.8

    @Option(help: "Draw from this many most probable tokens; 0 for all.")
    var topK: Int = 40

    @Option(help: "Draw from the tokens that together have this probability.")
    var topP: Float = 0.95

    @Option(help: "Draw from tokens with this share of the best token's probability.")
    var minP: Float = 0.05

    @Option(help: "Above 1, makes tokens that occurred lately less probable.")
    var repeatPenalty: Float = 1

    @Option(help: "The same seed gives the same answer; random by default.")
    var seed: UInt64?

    @Option(help: "A text at which an answer ends; may be given several times.")
    var stop: [String] = []

    func validate() throws {
        if maxTokens < 1 { throw ValidationError("an answer needs room for at least one token (-n)") }
        if !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temp is a number from 0 up") }
        if topK < 0 { throw ValidationError("--top-k is a number from 0 up") }
        if !(0...1).contains(topP) { throw ValidationError("--top-p lies between 0 and 1") }
        if !(0...1).contains(minP) { throw ValidationError("--min-p lies between 0 and 1") }
        if !(repeatPenalty > 0 && repeatPenalty.isFinite) { throw ValidationError("--repeat-penalty is a number above 0") }
    }

    func sampling(seed: UInt64) -> SamplingOptions {
        SamplingOptions(
            temperature: temperature, topK: topK, topP: topP, minP: minP, repetitionPenalty: repeatPenalty, seed: seed)
    }
}
