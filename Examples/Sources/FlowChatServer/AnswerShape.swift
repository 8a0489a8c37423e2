import FlowModel
import Foundation

/// How answers look on the wire: chats and completions differ in little else.
struct AnswerShape: Sendable {
    enum Kind: Sendable {
        case chat
        /// With the text that each choice begins with.
        case completion(echoes: [String])
    }

    let kind: Kind
    let model: ServedModel
    let listsTokens: Bool
    let includesUsage: Bool
    private let id: String
    private let created = Int(Date().timeIntervalSince1970)

    init(_ kind: Kind, model: ServedModel, answer: AnswerParameters) {
        self.kind = kind
        self.model = model
        listsTokens = answer.options.listedTokens != nil
        includesUsage = answer.includesUsage
        let unique = UUID().uuidString.lowercased()
        if case .chat = kind { id = "chatcmpl-\(unique)" } else { id = "cmpl-\(unique)" }
    }

    var trimsBeginning: Bool { if case .chat = kind { true } else { false } }

    func whole(_ answers: [(text: String, tokens: [TokenChoice], result: GenerationResult)], usage: Usage) -> JSON {
        let choices = answers.enumerated().map { index, answer -> JSON in
            let reason = JSON.string(answer.result.reason.name)
            switch kind {
            case .chat:
                return [
                    "index": .integer(index), "finish_reason": reason, "logprobs": tokens(answer.tokens, offset: 0),
                    "message": ["role": "assistant", "content": .string(answer.text), "refusal": nil],
                ]
            case .completion(let echoes):
                return [
                    "index": .integer(index), "finish_reason": reason, "text": .string(echoes[index] + answer.text),
                    "logprobs": tokens(answer.tokens, offset: echoes[index].unicodeScalars.count),
                ]
            }
        }
        return envelope(choices, isPiece: false).merging(["usage": usage.json])
    }

    /// The first event of a choice, before any of its tokens.
    func opening(_ index: Int) -> Data? {
        switch kind {
        case .chat:
            return event([
                "index": .integer(index), "delta": ["role": "assistant", "content": ""], "logprobs": nil, "finish_reason": nil,
            ])
        case .completion(let echoes):
            guard !echoes[index].isEmpty else { return nil }
            return event(["index": .integer(index), "text": .string(echoes[index]), "logprobs": nil, "finish_reason": nil])
        }
    }

    func piece(_ index: Int, _ text: String, _ choices: [TokenChoice], offset: Int) -> Data {
        switch kind {
        case .chat:
            return event([
                "index": .integer(index), "delta": ["content": .string(text)], "logprobs": tokens(choices, offset: 0),
                "finish_reason": nil,
            ])
        case .completion(let echoes):
            return event([
                "index": .integer(index), "text": .string(text), "finish_reason": nil,
                "logprobs": tokens(choices, offset: offset + echoes[index].unicodeScalars.count),
            ])
        }
    }

    func closing(_ index: Int, _ reason: FinishReason) -> Data {
        switch kind {
        case .chat:
            event(["index": .integer(index), "delta": [:], "logprobs": nil, "finish_reason": .string(reason.name)])
        case .completion:
            event(["index": .integer(index), "text": "", "logprobs": nil, "finish_reason": .string(reason.name)])
        }
    }

    func usage(_ usage: Usage) -> Data { Self.event(envelope([], isPiece: true).merging(["usage": usage.json])) }

    static let done = Data("data: [DONE]\n\n".utf8)

    static func event(_ json: JSON) -> Data { Data("data: ".utf8) + json.data + Data("\n\n".utf8) }

    private func event(_ choice: JSON) -> Data {
        let json = envelope([choice], isPiece: true)
        return Self.event(includesUsage ? json.merging(["usage": nil]) : json)
    }

    private func tokens(_ choices: [TokenChoice], offset: Int) -> JSON {
        guard listsTokens else { return .null }
        let names = TokenNames(tokenizer: model.model.tokenizer)
        return trimsBeginning ? names.chat(choices) : names.completion(choices, offset: offset)
    }

    private func envelope(_ choices: [JSON], isPiece: Bool) -> JSON {
        let object = trimsBeginning ? (isPiece ? "chat.completion.chunk" : "chat.completion") : "text_completion"
        return [
            "id": .string(id), "object": .string(object), "created": .integer(created), "model": .string(model.name),
            "choices": .array(choices),
        ]
    }
}
