import FlowModel

/// The body of `POST /v1/completions`.
struct CompletionRequest: Decodable {
    var prompts: [Prompt]
    var answer: AnswerParameters
    /// Whether each choice begins with its prompt.
    var echoes: Bool

    static let promptLimit = 8

    enum Prompt {
        case text(String)
        case tokens([Int])
    }

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        try fields.refuse("suffix")
        let expected = "a string, an array of strings, an array of tokens or an array of arrays of tokens"
        prompts = try fields.required("prompt", expected, as: Prompts.self).values
        answer = try AnswerParameters(fields, maximumTokens: fields.integer("max_tokens", 0...Int.max) ?? 16)
        answer.options.listedTokens = try fields.integer("logprobs", 0...AnswerParameters.listedTokensLimit)
        echoes = try fields.optional("echo", "true or false") ?? false
        _ = try fields.integer("best_of", 1...1)
    }

    private struct Prompts: Decodable {
        var values: [Prompt]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                values = [.text(text)]
            } else if let texts = try? container.decode([String].self), !texts.isEmpty {
                values = texts.map { .text($0) }
            } else if let tokens = try? container.decode([Int].self) {
                values = [.tokens(tokens)]
            } else if let lists = try? container.decode([[Int]].self) {
                values = lists.map { .tokens($0) }
            } else {
                throw DecodingError.typeMismatch(
                    Prompts.self, .init(codingPath: container.codingPath, debugDescription: "neither text nor tokens"))
            }
            guard values.count <= CompletionRequest.promptLimit else {
                throw APIError.invalid("prompt", "prompt has \(values.count) texts; at most \(CompletionRequest.promptLimit) are possible")
            }
            for value in values {
                if case .tokens(let tokens) = value, tokens.isEmpty { throw APIError.invalid("prompt", "prompt must not be empty") }
            }
        }
    }
}
