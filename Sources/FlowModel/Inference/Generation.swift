/// An answer in the making, advanced step by step, so that one thread can make several answers by turns.
///
/// A step processes a piece of the prompt or makes one token. The session belongs to the answer until it is finished or given up;
/// giving up is nothing but making no further step.
public final class Generation {
    public let session: InferenceSession
    /// What has been done; the reason is ``FinishReason/cancelled`` until the answer has ended by itself.
    public private(set) var result: GenerationResult

    private let options: GenerationOptions
    private let context: [Int]
    /// What is left of the prompt; nil before the first step.
    private var rest: ArraySlice<Int>?
    private var isOver = false
    private var sampler: Sampler
    private var stream: TextStream
    /// Tokens whose text has not come out, with the end of each in the answer's bytes.
    private var held: [(choice: TokenChoice, end: Int)] = []
    private var byteCount = 0

    /// - Parameter prompt: becomes what `session` holds at the first step.
    public init(_ session: InferenceSession, prompt: [Int], options: GenerationOptions = GenerationOptions()) {
        self.session = session
        self.options = options
        result = GenerationResult(
            reason: .cancelled, promptTokens: prompt.count, reusedTokens: 0, generatedTokens: 0, text: "")
        let slides = options.slidesContext && prompt.count >= session.capacity
        context = slides ? Self.shortened(prompt, to: session.capacity * 3 / 4, session) : prompt
        sampler = Sampler(options.sampling)
        stream = TextStream(stopSequences: options.stopSequences)
    }

    /// Makes one step.
    ///
    /// - Parameter onEvent: called for what the step brought, never with ``GenerationEvent/finished(_:)``; false stops the answer.
    /// - Returns: whether the answer goes on.
    /// - Throws: ``InferenceError``; the answer is over then.
    public func step(_ onEvent: (GenerationEvent) -> Bool) throws(InferenceError) -> Bool {
        guard !isOver else { return false }
        do throws(InferenceError) {
            isOver = try !(rest?.isEmpty == true ? token(onEvent) : promptPiece(onEvent))
        } catch {
            isOver = true
            throw error
        }
        return !isOver
    }

    private func promptPiece(_ onEvent: (GenerationEvent) -> Bool) throws(InferenceError) -> Bool {
        if rest == nil {
            result.reusedTokens = try session.begin(context)
            rest = context[result.reusedTokens...]
        }
        guard var rest else { return false }
        session.advance(&rest)
        self.rest = rest
        if rest.isEmpty { try session.checkLogits() }
        return onEvent(.prompt(done: context.count - rest.count, total: context.count))
    }

    private func token(_ onEvent: (GenerationEvent) -> Bool) throws(InferenceError) -> Bool {
        if let limit = options.maximumTokens, result.generatedTokens >= limit { return end(.maximumTokens, onEvent) }
        let logits = session.logits
        guard let token = sampler.sample(logits, recent: session.tokens) else {
            throw .nonFiniteLogits(position: session.tokens.count)
        }
        result.generatedTokens += 1
        let tokenizer = session.model.tokenizer
        if tokenizer.endTokens.contains(token) { return end(.endOfText, onEvent) }
        let bytes = tokenizer.decode(token)
        byteCount += bytes.count
        if let count = options.listedTokens {
            held.append((TokenChoice(token, logits: logits, listing: count), byteCount))
        }
        let text = stream.append(bytes)
        if let stop = stream.foundStop {
            // Tokens that lie wholly in the stop sequence are no part of the answer.
            held.removeAll { $0.end - tokenizer.decode($0.choice.token).count >= stream.takenByteCount }
            guard emit(text, released: held.count, onEvent) else { return false }
            result.reason = .stopSequence(stop)
            return false
        }
        let released = held.prefix { $0.end <= stream.takenByteCount }.count
        guard emit(text, released: released, onEvent) else { return false }
        if let limit = options.maximumTokens, result.generatedTokens >= limit { return end(.maximumTokens, onEvent) }
        if session.tokens.count < session.capacity {
            try session.decode(token)
        } else if options.slidesContext, session.capacity > 1 {
            let kept = Self.shortened(session.tokens + [token], to: max(1, session.capacity / 2), session)
            do throws(InferenceError) { try session.replace(with: kept) { _ in onEvent(.text("")) } } catch {
                guard error == .cancelled else { throw error }
                _ = end(.cancelled, onEvent)
                return false
            }
        } else {
            return end(.contextFull, onEvent)
        }
        return true
    }

    private func end(_ reason: FinishReason, _ onEvent: (GenerationEvent) -> Bool) -> Bool {
        result.reason = reason
        _ = emit(stream.flush(), released: held.count, onEvent)
        return false
    }

    private func emit(_ text: String, released count: Int, _ onEvent: (GenerationEvent) -> Bool) -> Bool {
        if count > 0 {
            let choices = held.prefix(count).map(\.choice)
            held.removeFirst(count)
            guard onEvent(.tokens(choices)) else { return false }
        }
        result.text += text
        return text.isEmpty || onEvent(.text(text))
    }

    /// The last tokens, after the begin-of-text token if there was one.
    private static func shortened(_ tokens: [Int], to count: Int, _ session: InferenceSession) -> [Int] {
        guard tokens.count > count else { return tokens }
        if count > 1, let begin = session.model.tokenizer.beginOfText, tokens.first == begin {
            return [begin] + tokens.suffix(count - 1)
        }
        return Array(tokens.suffix(max(count, 1)))
    }
}
