import FlowModel

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Decodable {
    var messages: [ChatMessage]
    var answer: AnswerParameters

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        try fields.refuse("tools", "tool_choice", "functions", "function_call", "audio", "web_search_options", "prediction")
        messages = try fields.required("messages", "an array of messages", as: [Message].self).map(\.value)
        guard !messages.isEmpty else { throw APIError.invalid("messages", "messages must have at least one message") }
        let limit = try fields.integer("max_tokens", 1...Int.max)
        answer = try AnswerParameters(fields, maximumTokens: fields.integer("max_completion_tokens", 1...Int.max) ?? limit)
        let listed = try fields.integer("top_logprobs", 0...AnswerParameters.listedTokensLimit) ?? 0
        if try fields.optional("logprobs", "true or false") ?? false { answer.options.listedTokens = listed }
        _ = try fields.optional("response_format", "an object", as: ResponseFormat.self)
    }

    private struct Message: Decodable {
        var value: ChatMessage

        init(from decoder: any Decoder) throws {
            let fields = try RequestFields(decoder)
            let name: String = try fields.required("role", "'system', 'developer', 'user' or 'assistant'")
            let role: ChatMessage.Role
            switch name {
            case "system", "developer": role = .system
            case "user": role = .user
            case "assistant": role = .assistant
            default:
                throw APIError.invalid(
                    fields.full("role"), "\(fields.full("role")) must be 'system', 'developer', 'user' or 'assistant', not '\(name.prefix(40))'")
            }
            try fields.refuse("tool_calls", "function_call", "tool_call_id")
            let content: Content = try fields.required("content", "a string or an array of text parts")
            value = ChatMessage(role: role, content: content.text)
        }
    }

    private struct Content: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) { self.text = text } else {
                text = try container.decode([Part].self).map(\.text).joined()
            }
        }
    }

    private struct Part: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let fields = try RequestFields(decoder)
            let type: String = try fields.required("type", "'text'")
            guard type == "text" else {
                throw APIError.invalid(fields.full("type"), "\(fields.full("type")) must be 'text': this model reads nothing else")
            }
            text = try fields.required("text", "a string")
        }
    }

    private struct ResponseFormat: Decodable {
        init(from decoder: any Decoder) throws {
            let fields = try RequestFields(decoder)
            guard try fields.required("type", "'text'", as: String.self) == "text" else {
                throw APIError.invalid(fields.full("type"), "\(fields.full("type")) must be 'text'", code: "unsupported_parameter")
            }
        }
    }
}
