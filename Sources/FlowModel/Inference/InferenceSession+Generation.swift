/// What happens while an answer is made.
public enum GenerationEvent: Sendable, Equatable {
    /// `done` of `total` tokens of the prompt are processed.
    case prompt(done: Int, total: Int)
    /// The tokens of the text that comes next, when ``GenerationOptions/listedTokens`` asks for them.
    case tokens([TokenChoice])
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
        let generation = Generation(self, prompt: prompt, options: options)
        while try generation.step(onEvent) {}
        return generation.result
    }
}
