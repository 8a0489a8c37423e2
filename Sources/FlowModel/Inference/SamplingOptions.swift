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
    /// Taken off the logit of a token that occurred lately, however often; 0 changes nothing.
    public var presencePenalty: Float
    /// Taken off the logit of a token for each time that it occurred lately; 0 changes nothing.
    public var frequencyPenalty: Float
    /// How many tokens back count as lately, for all three penalties.
    public var repetitionWindow: Int
    /// Added to the logits of these tokens before anything else.
    public var logitBias: [Int: Float]
    /// The same seed draws the same tokens.
    public var seed: UInt64

    public init(
        temperature: Float = 0.8, topK: Int = 40, topP: Float = 0.95, minP: Float = 0.05,
        repetitionPenalty: Float = 1, presencePenalty: Float = 0, frequencyPenalty: Float = 0,
        repetitionWindow: Int = 64, logitBias: [Int: Float] = [:], seed: UInt64 = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.repetitionWindow = repetitionWindow
        self.logitBias = logitBias
        self.seed = seed
    }

    /// Always the most probable token.
    public static let greedy = SamplingOptions(temperature: 0)

    /// Whether the penalties change anything.
    var penalises: Bool {
        repetitionWindow > 0 && (repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0)
    }

    /// Checks every value. Drawing copes with any, so this is for those who want to tell a user.
    ///
    /// - Parameter vocabularySize: tokens of the model, for the keys of ``logitBias``.
    /// - Throws: ``SamplingError`` naming the first parameter at fault.
    public func validate(vocabularySize: Int? = nil) throws(SamplingError) {
        func check(_ name: String, _ value: Float, _ range: ClosedRange<Float>, _ expected: String) throws(SamplingError) {
            guard range.contains(value) else {
                throw .outOfRange(parameter: name, expected: expected, actual: "\(value)")
            }
        }
        try check("temperature", temperature, 0...100, "a number from 0 to 100")
        try check("top_p", topP, 0...1, "a number from 0 to 1")
        try check("min_p", minP, 0...1, "a number from 0 to 1")
        try check("repetition_penalty", repetitionPenalty, 0.01...100, "a number from 0.01 to 100")
        try check("presence_penalty", presencePenalty, -100...100, "a number from -100 to 100")
        try check("frequency_penalty", frequencyPenalty, -100...100, "a number from -100 to 100")
        guard topK >= 0 else {
            throw .outOfRange(parameter: "top_k", expected: "a whole number from 0 up", actual: "\(topK)")
        }
        guard repetitionWindow >= 0 else {
            throw .outOfRange(
                parameter: "repetition_window", expected: "a whole number from 0 up", actual: "\(repetitionWindow)")
        }
        for (token, bias) in logitBias.sorted(by: { $0.key < $1.key }) {
            if token < 0 || token >= vocabularySize ?? Int.max {
                throw .biasOutsideVocabulary(token: token, vocabularySize: vocabularySize ?? Int.max)
            }
            try check("logit_bias", bias, -1000...1000, "numbers from -1000 to 1000")
        }
    }
}
