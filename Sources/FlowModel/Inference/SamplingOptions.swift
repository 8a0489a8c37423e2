/// How the next token is drawn from the model's logits.
public struct SamplingOptions: Sendable, Equatable {
    /// Divides the logits; 0 always takes the most probable token.
    public var temperature: Float
    /// Draw from this many most probable tokens only; 0 for all.
    public var topK: Int
    /// Draw from the fewest most probable tokens that together have at least this probability; 1 for all.
    public var topP: Float
    /// Draw from tokens with at least this share of the best token's probability; 0 for all.
    public var minP: Float
    /// Makes tokens that occurred lately less probable; 1 changes nothing.
    public var repetitionPenalty: Float
    /// How many tokens back count as lately.
    public var repetitionWindow: Int
    /// The same seed draws the same tokens.
    public var seed: UInt64

    public init(
        temperature: Float = 0.8, topK: Int = 40, topP: Float = 0.95, minP: Float = 0.05,
        repetitionPenalty: Float = 1, repetitionWindow: Int = 64, seed: UInt64 = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.repetitionWindow = repetitionWindow
        self.seed = seed
    }

    /// Always the most probable token.
    public static let greedy = SamplingOptions(temperature: 0)
}
