/// How far an answer goes and how its tokens are drawn.
public struct GenerationOptions: Sendable, Equatable {
    public var sampling: SamplingOptions
    /// Most tokens of the answer; nil for no limit but the context's.
    public var maximumTokens: Int?
    /// Texts at which the answer ends; they are not part of it.
    public var stopSequences: [String]
    /// When the context is full, forget its older half and go on (true), or end the answer (false).
    public var slidesContext: Bool
    /// How many of the most probable tokens ``GenerationEvent/tokens(_:)`` lists with each token; nil for no such events.
    public var listedTokens: Int?

    public init(
        sampling: SamplingOptions = SamplingOptions(), maximumTokens: Int? = nil, stopSequences: [String] = [],
        slidesContext: Bool = true, listedTokens: Int? = nil
    ) {
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.stopSequences = stopSequences
        self.slidesContext = slidesContext
        self.listedTokens = listedTokens
    }
}

/// Why an answer ended.
public enum FinishReason: Sendable, Equatable {
    /// The model drew an end token.
    case endOfText
    /// A stop sequence came.
    case stopSequence(String)
    /// The limit of tokens was reached.
    case maximumTokens
    /// The context is full.
    case contextFull
    /// The caller stopped it.
    case cancelled
}

/// What one call of generation did.
public struct GenerationResult: Sendable, Equatable {
    public var reason: FinishReason
    /// Tokens of the prompt.
    public var promptTokens: Int
    /// Tokens of the prompt that were known from before and not computed again.
    public var reusedTokens: Int
    /// Tokens drawn, an end token included.
    public var generatedTokens: Int
    /// Everything that came out.
    public var text: String
}
