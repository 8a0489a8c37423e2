import FlowModel

/// The parameters that chats and completions have in common.
struct AnswerParameters {
    /// The model that is meant; nil for the one that there is.
    var model: String?
    var options: GenerationOptions
    /// Whether a seed was given; without one each choice gets its own.
    var seed: Int?
    /// Answers to each prompt.
    var choices: Int
    var streams: Bool
    var includesUsage: Bool

    static let choiceLimit = 8
    static let stopLimit = 16
    static let stopLength = 256
    static let listedTokensLimit = 20

    init(_ fields: RequestFields, maximumTokens: Int?) throws {
        model = try fields.optional("model", "a string")
        var sampling = SamplingOptions(temperature: 1, topK: 0, topP: 1, minP: 0)
        if let value = try fields.number("temperature", 0...2) { sampling.temperature = Float(value) }
        if let value = try fields.number("top_p", 0...1) { sampling.topP = Float(value) }
        if let value = try fields.number("min_p", 0...1) { sampling.minP = Float(value) }
        if let value = try fields.integer("top_k", 0...Int(Int32.max)) { sampling.topK = value }
        if let value = try fields.number("repetition_penalty", 0.1...10) { sampling.repetitionPenalty = Float(value) }
        if let value = try fields.number("presence_penalty", -2...2) { sampling.presencePenalty = Float(value) }
        if let value = try fields.number("frequency_penalty", -2...2) { sampling.frequencyPenalty = Float(value) }
        if let bias = try fields.optional("logit_bias", "an object from token ids to numbers from -100 to 100", as: TokenBias.self) {
            sampling.logitBias = bias.values
        }
        seed = try fields.integer("seed", Int.min...Int.max)
        let stops = try fields.optional("stop", "a string or an array of strings", as: StopSequences.self)?.values ?? []
        options = GenerationOptions(
            sampling: sampling, maximumTokens: maximumTokens, stopSequences: stops, slidesContext: false)
        choices = try fields.integer("n", 1...Self.choiceLimit) ?? 1
        streams = try fields.optional("stream", "true or false") ?? false
        includesUsage = try fields.optional("stream_options", "an object", as: StreamOptions.self)?.includesUsage ?? false
    }

    /// The options for choice `index`. The same seed gives the same choices, each its own.
    func options(choice index: Int) -> GenerationOptions {
        var options = options
        let seed = seed.map { UInt64(bitPattern: Int64($0)) } ?? UInt64.random(in: 0...UInt64.max)
        options.sampling.seed = seed &+ UInt64(index) &* 0x9E37_79B9
        return options
    }
}

private struct StreamOptions: Decodable {
    var includesUsage: Bool
    init(from decoder: any Decoder) throws {
        includesUsage = try RequestFields(decoder).optional("include_usage", "true or false") ?? false
    }
}

/// One text or several at which an answer ends.
struct StopSequences: Decodable {
    var values: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(String.self) {
            values = [one]
        } else if let several = try? container.decode([String].self) {
            values = several
        } else {
            throw DecodingError.typeMismatch(
                StopSequences.self, .init(codingPath: container.codingPath, debugDescription: "neither a text nor texts"))
        }
        guard values.count <= AnswerParameters.stopLimit else {
            throw APIError.invalid("stop", "stop has \(values.count) texts; at most \(AnswerParameters.stopLimit) are possible")
        }
        guard values.allSatisfy({ (1...AnswerParameters.stopLength).contains($0.unicodeScalars.count) }) else {
            throw APIError.invalid("stop", "each text of stop must have 1 to \(AnswerParameters.stopLength) characters")
        }
    }
}

/// Biases by token.
struct TokenBias: Decodable {
    var values: [Int: Float] = [:]

    init(from decoder: any Decoder) throws {
        for (key, bias) in try decoder.singleValueContainer().decode([String: Double].self) {
            guard let token = Int(key), "\(token)" == key, token >= 0 else {
                throw APIError.invalid("logit_bias", "logit_bias has the key '\(key.prefix(40))'; its keys must be token ids")
            }
            guard (-100...100).contains(bias) else {
                throw APIError.invalid("logit_bias", "logit_bias must have numbers from -100 to 100, not \(bias)")
            }
            values[token] = Float(bias)
        }
    }
}
