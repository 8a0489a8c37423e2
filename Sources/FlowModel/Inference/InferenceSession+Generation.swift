/// What happens while an answer is made.
public enum GenerationEvent: Sendable, Equatable {
    /// `done` of `total` tokens of the prompt are processed.
    case prompt(done: Int, total: Int)
    /// A further piece of the answer, whole characters.
    case text(String)
    /// The end.
    case finished(GenerationResult)
}

extension InferenceSession {
    /// Goes on from `prompt`, which becomes what the session holds.
    ///
    /// A prompt that does not fit loses its older part when the options let the context slide.
    ///
    /// - Parameter onEvent: called for each event but the last; false stops the answer.
    /// - Throws: ``InferenceError/contextFull(needed:capacity:)`` when the prompt does not fit and may not be shortened;
    ///   ``InferenceError/nonFiniteLogits(position:)``. A stopped answer is not an error.
    public func generate(
        _ prompt: [Int], options: GenerationOptions = GenerationOptions(), onEvent: (GenerationEvent) -> Bool
    ) throws(InferenceError) -> GenerationResult {
        var result = GenerationResult(
            reason: .cancelled, promptTokens: prompt.count, reusedTokens: 0, generatedTokens: 0, text: "")
        var context = prompt
        if options.slidesContext, context.count >= capacity { context = shortened(context, to: capacity * 3 / 4) }
        do throws(InferenceError) {
            result.reusedTokens = try replace(with: context) { done in
                onEvent(.prompt(done: done, total: context.count))
            }
        } catch .cancelled { return result }

        var sampler = Sampler(options.sampling)
        var stream = TextStream(stopSequences: options.stopSequences)
        func emit(_ text: String) -> Bool {
            result.text += text
            return text.isEmpty || onEvent(.text(text))
        }
        answer: while true {
            if let limit = options.maximumTokens, result.generatedTokens >= limit {
                result.reason = .maximumTokens
                break
            }
            guard let token = sampler.sample(logits, recent: tokens) else {
                throw .nonFiniteLogits(position: tokens.count)
            }
            result.generatedTokens += 1
            if model.tokenizer.endTokens.contains(token) {
                result.reason = .endOfText
                break
            }
            guard emit(stream.append(model.tokenizer.decode(token))) else { return result }
            if let stop = stream.foundStop {
                result.reason = .stopSequence(stop)
                return result
            }
            do throws(InferenceError) {
                if tokens.count < capacity {
                    try decode(token)
                } else if options.slidesContext, capacity > 1 {
                    try replace(with: shortened(tokens + [token], to: max(1, capacity / 2))) { _ in onEvent(.text("")) }
                } else {
                    result.reason = .contextFull
                    break answer
                }
            } catch .cancelled {
                result.reason = .cancelled
                break
            }
        }
        _ = emit(stream.flush())
        return result
    }

    /// The last tokens, after the begin-of-text token if there was one.
    private func shortened(_ tokens: [Int], to count: Int) -> [Int] {
        guard tokens.count > count else { return tokens }
        if count > 1, let begin = model.tokenizer.beginOfText, tokens.first == begin {
            return [begin] + tokens.suffix(count - 1)
        }
        return Array(tokens.suffix(max(count, 1)))
    }
}
