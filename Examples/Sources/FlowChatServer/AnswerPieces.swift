import FlowModel
import Foundation

/// Where the text of an answer has come to, with the probabilities of its tokens.
struct AnswerProgress {
    /// Text and tokens that came since the last look.
    var text = ""
    var tokens: [TokenChoice] = []
    var result: GenerationResult?
    private var trims: Bool
    private(set) var length = 0

    /// - Parameter trimsBeginning: leave out white space before the first character.
    init(trimsBeginning: Bool) { trims = trimsBeginning }

    mutating func take(_ event: GenerationEvent) {
        switch event {
        case .prompt: break
        case .tokens(let choices): tokens += choices
        case .text(let piece):
            let kept = trims ? piece.drop { $0.isWhitespace } : piece[...]
            if !kept.isEmpty { trims = false }
            text += kept
        case .finished(let result): self.result = result
        }
    }

    /// Hands over what came.
    mutating func drain() -> (text: String, tokens: [TokenChoice]) {
        defer { (text, tokens) = ("", []) }
        length += text.unicodeScalars.count
        return (text, tokens)
    }
}

/// Tokens of all answers to a request.
struct Usage {
    var prompt = 0
    var cached = 0
    var completion = 0

    /// - Parameter prompts: choices that share each prompt count its tokens once.
    init(_ results: [GenerationResult], choicesPerPrompt: Int) {
        for (index, result) in results.enumerated() {
            completion += result.generatedTokens
            if index % choicesPerPrompt == 0 {
                prompt += result.promptTokens
                cached += result.reusedTokens
            }
        }
    }

    var json: JSON {
        [
            "prompt_tokens": .integer(prompt), "completion_tokens": .integer(completion), "total_tokens": .integer(prompt + completion),
            "prompt_tokens_details": ["cached_tokens": .integer(cached)],
        ]
    }
}

/// Tokens in words: a token that is no whole text is written byte by byte.
struct TokenNames {
    let tokenizer: Tokenizer

    func name(_ token: Int) -> String {
        let bytes = tokenizer.decode(token)
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return "bytes:" + bytes.map { byte in
            let digits = String(byte, radix: 16)
            return "\\x" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }

    /// The form of chats.
    func chat(_ choices: [TokenChoice]) -> JSON {
        func entry(_ token: Int, _ probability: Float) -> [String: JSON] {
            [
                "token": .string(name(token)), "logprob": .number(Double(probability)),
                "bytes": .array(tokenizer.decode(token).map { .integer(Int($0)) }),
            ]
        }
        let content = choices.map { choice in
            JSON.object(
                entry(choice.token, choice.logProbability).merging([
                    "top_logprobs": .array(choice.best.map { .object(entry($0.token, $0.logProbability)) })
                ]) { $1 })
        }
        return ["content": .array(content), "refusal": nil]
    }

    /// The form of completions.
    ///
    /// - Parameter offset: characters of the answer before these tokens.
    func completion(_ choices: [TokenChoice], offset: Int) -> JSON {
        var offsets: [JSON] = []
        var bytes: [UInt8] = []
        for choice in choices {
            offsets.append(.integer(offset + String(decoding: bytes, as: UTF8.self).unicodeScalars.count))
            bytes += tokenizer.decode(choice.token)
        }
        return [
            "tokens": .array(choices.map { .string(name($0.token)) }),
            "token_logprobs": .array(choices.map { .number(Double($0.logProbability)) }),
            "top_logprobs": .array(
                choices.map { choice in
                    .object(Dictionary(choice.best.map { (name($0.token), .number(Double($0.logProbability))) }) { first, _ in first })
                }),
            "text_offset": .array(offsets),
        ]
    }
}
