import FlowGGUF
import FlowModel

/// Tokens and times of the last answer and of all.
struct ChatStatistics {
    private var answers = 0
    private var promptTokens = 0
    private var promptTime = Duration.zero
    private var generatedTokens = 0
    private var generationTime = Duration.zero
    /// One line about the last answer.
    private(set) var last = "no answer yet"

    mutating func add(_ result: GenerationResult, prompt: Duration, generation: Duration) {
        let read = max(result.promptTokens - result.reusedTokens, 0)
        answers += 1
        promptTokens += read
        promptTime += prompt
        generatedTokens += result.generatedTokens
        generationTime += generation
        last = "prompt \(read) tokens (\(result.reusedTokens) reused), \(Self.speed(read, prompt)); "
            + "answer \(result.generatedTokens) tokens, \(Self.speed(result.generatedTokens, generation))"
    }

    /// What `/stats` shows.
    func report(_ session: InferenceSession, seed: UInt64) -> String {
        let c = session.model.configuration
        let size = session.model.file.tensors.reduce(0) { $0 + $1.byteCount }
        let experts = c.expertCount > 0 ? ", \(c.expertCount) experts a layer (\(c.expertsPerToken) used)" : ""
        return """
            model       \(c.name ?? "without a name"), \(c.architecture.rawValue), \(c.layerCount) layers of \
            \(c.embeddingLength)\(experts), \((size + 500_000) / 1_000_000) MB
            context     \(session.tokens.count) of \(session.capacity) tokens
            last        \(last)
            all         \(answers) answers: prompts \(promptTokens) tokens, \(Self.speed(promptTokens, promptTime)); \
            answers \(generatedTokens) tokens, \(Self.speed(generatedTokens, generationTime))
            next seed   \(seed)
            """
    }

    private static func speed(_ tokens: Int, _ time: Duration) -> String {
        let seconds = time / .seconds(1)
        guard seconds > 0, tokens > 0 else { return "no time" }
        let perSecond = Double(tokens) / seconds
        return perSecond < 10 ? "\((perSecond * 10).rounded() / 10) tokens/s" : "\(Int(perSecond)) tokens/s"
    }
}
