import FlowModel

/// A conversation: its messages, the session that remembers them, and how fast it went.
final class Chat {
    let session: InferenceSession
    private let template: ChatTemplate
    private let answers: AnswerOptions
    private let system: String?
    private(set) var messages: [ChatMessage] = []
    private(set) var statistics = ChatStatistics()
    /// Grows by one for each answer, so that asking the same again may give another answer.
    private(set) var seed: UInt64

    init(model: InferenceModel, options: AnswerOptions, model settings: ModelOptions, system: String?) {
        session = InferenceSession(model: model, capacity: settings.context, pool: settings.pool)
        template = model.chatTemplate
        answers = options
        self.system = system
        seed = options.seed ?? UInt64.random(in: 0..<(1 << 32))
        reset()
    }

    /// Begins a new conversation.
    func reset() {
        messages = system.map { [ChatMessage(role: .system, content: $0)] } ?? []
        session.rewind(to: 0)
    }

    /// Answers a message; both become part of the conversation.
    func answer(_ message: String, onEvent: (GenerationEvent) -> Bool) throws(InferenceError) -> GenerationResult {
        messages.append(ChatMessage(role: .user, content: message))
        do throws(InferenceError) {
            let prompt = template.tokens(messages, tokenizer: session.model.tokenizer)
            let result = try generate(prompt, stops: template.stopSequences + answers.stop, onEvent)
            let text = result.text.drop { $0.isWhitespace }
            messages.append(ChatMessage(role: .assistant, content: String(text)))
            return result
        } catch {
            messages.removeLast()
            throw error
        }
    }

    /// Goes on writing a text.
    func complete(_ text: String, onEvent: (GenerationEvent) -> Bool) throws(InferenceError) -> GenerationResult {
        try generate(session.model.tokenizer.encode(text), stops: answers.stop, onEvent)
    }

    private func generate(
        _ prompt: [Int], stops: [String], _ onEvent: (GenerationEvent) -> Bool
    ) throws(InferenceError) -> GenerationResult {
        let options = GenerationOptions(
            sampling: answers.sampling(seed: seed), maximumTokens: answers.maxTokens, stopSequences: stops)
        seed &+= 1
        let clock = ContinuousClock()
        let start = clock.now
        var first = start
        let result = try session.generate(prompt, options: options) { event in
            if case .prompt(let done, let total) = event, done == total { first = clock.now }
            return onEvent(event)
        }
        statistics.add(result, prompt: first - start, generation: clock.now - first)
        return result
    }
}
