import FlowModel

/// Short forms for JSON schemas.
private func object(_ properties: [String: JSON], required: [String] = []) -> JSON {
    let schema: JSON = ["type": "object", "properties": .object(properties)]
    return required.isEmpty ? schema : schema.merging(["required": .array(required.map { .string($0) })])
}

private func list(_ items: JSON, from least: Int = 0, to most: Int? = nil) -> JSON {
    let schema: JSON = ["type": "array", "items": items]
    return schema.merging((least > 0 ? ["minItems": .integer(least)] : [:]).merging(most.map { ["maxItems": .integer($0)] } ?? [:]) { $1 })
}

private func number(_ low: Double, _ high: Double) -> JSON { ["type": ["number", "null"], "minimum": .number(low), "maximum": .number(high)] }

private func integer(_ low: Int, _ high: Int) -> JSON { ["type": ["integer", "null"], "minimum": .integer(low), "maximum": .integer(high)] }

private let text: JSON = ["type": "string"]
private let count: JSON = ["type": "integer", "minimum": 0]
private let flag: JSON = ["type": ["boolean", "null"]]
private let nothing: JSON = ["type": "null"]
private func constant(_ value: String) -> JSON { ["type": "string", "enum": [.string(value)]] }
private func optional(_ schema: JSON) -> JSON { ["anyOf": [schema, nothing]] }

extension Router {
    static func schemas(_ model: ServedModel) -> [String: JSON] {
        let size = model.model.configuration.vocabularySize
        // A model without a token that begins texts has nothing to go on from an empty text.
        let least = model.model.tokenizer.encode("").isEmpty ? 1 : 0
        let prompt: JSON = least == 0 ? text : text.merging(["minLength": 1])
        let token: JSON = ["type": "integer", "minimum": 0, "maximum": .integer(size - 1)]
        let stop: JSON = ["type": "string", "minLength": 1, "maxLength": .integer(AnswerParameters.stopLength)]
        let parameters: [String: JSON] = [
            "model": ["type": ["string", "null"], "enum": [.string(model.name), nil]],
            "temperature": number(0, 2), "top_p": number(0, 1), "min_p": number(0, 1), "top_k": integer(0, Int(Int32.max)),
            "repetition_penalty": number(0.1, 10), "presence_penalty": number(-2, 2), "frequency_penalty": number(-2, 2),
            "logit_bias": optional([
                "type": "object", "propertyNames": ["pattern": .string("^(?:\(DecimalPattern.upTo(size - 1)))$")],
                "additionalProperties": ["type": "number", "minimum": -100, "maximum": 100],
            ]),
            "seed": integer(Int.min, Int.max), "n": integer(1, AnswerParameters.choiceLimit),
            "stop": ["anyOf": [stop, list(stop, to: AnswerParameters.stopLimit), nothing]],
            "stream": flag, "stream_options": optional(object(["include_usage": flag])),
        ]
        let message = object(
            [
                "role": ["type": "string", "enum": ["system", "developer", "user", "assistant"]],
                "content": ["anyOf": [text, list(object(["type": constant("text"), "text": text], required: ["type", "text"]))]],
                "tool_calls": nothing, "function_call": nothing, "tool_call_id": nothing,
            ], required: ["role", "content"])
        let chat = parameters.merging([
            "messages": list(message, from: 1), "max_tokens": integer(1, Int.max), "max_completion_tokens": integer(1, Int.max),
            "logprobs": flag, "top_logprobs": integer(0, AnswerParameters.listedTokensLimit),
            "response_format": optional(object(["type": constant("text")], required: ["type"])),
            "tools": nothing, "tool_choice": nothing, "functions": nothing, "function_call": nothing, "audio": nothing,
            "web_search_options": nothing, "prediction": nothing,
        ]) { $1 }
        let completion = parameters.merging([
            "prompt": [
                "anyOf": [
                    prompt, list(prompt, from: 1, to: CompletionRequest.promptLimit), list(token, from: 1),
                    list(list(token, from: 1), from: 1, to: CompletionRequest.promptLimit),
                ]
            ],
            "max_tokens": integer(0, Int.max), "logprobs": integer(0, AnswerParameters.listedTokensLimit), "echo": flag, "best_of": integer(1, 1),
            "suffix": nothing,
        ]) { $1 }
        return replySchemas().merging([
            "ChatRequest": object(chat, required: ["messages"]),
            "CompletionRequest": object(completion, required: ["prompt"]),
            "TokenizeRequest": object(["content": text, "add_special": flag, "with_pieces": flag], required: ["content"]),
            "DetokenizeRequest": object(["tokens": list(token)], required: ["tokens"]),
            "TokenizeReply": object(
                ["tokens": list(["anyOf": [token, object(["id": token, "piece": text], required: ["id", "piece"])]])],
                required: ["tokens"]),
        ]) { $1 }
    }

    private static func replySchemas() -> [String: JSON] {
        let logprob: JSON = ["type": "number", "maximum": 0.001]
        let candidate: [String: JSON] = ["token": text, "logprob": logprob, "bytes": list(["type": "integer", "minimum": 0, "maximum": 255])]
        let chosen = object(
            candidate.merging(["top_logprobs": list(object(candidate, required: ["token", "logprob", "bytes"]))]) { $1 },
            required: ["token", "logprob", "bytes", "top_logprobs"])
        let reason: JSON = ["type": "string", "enum": ["stop", "length"]]
        let chatChoice = object(
            [
                "index": count, "finish_reason": reason,
                "message": object(
                    ["role": constant("assistant"), "content": text, "refusal": nothing], required: ["role", "content"]),
                "logprobs": optional(object(["content": list(chosen), "refusal": nothing], required: ["content"])),
            ], required: ["index", "finish_reason", "message", "logprobs"])
        let completionChoice = object(
            [
                "index": count, "finish_reason": reason, "text": text,
                "logprobs": optional(
                    object(
                        [
                            "tokens": list(text), "token_logprobs": list(logprob), "text_offset": list(count),
                            "top_logprobs": list(["type": "object", "additionalProperties": logprob]),
                        ], required: ["tokens", "token_logprobs", "text_offset", "top_logprobs"])),
            ], required: ["index", "finish_reason", "text", "logprobs"])
        func answer(_ kind: String, _ choice: JSON) -> JSON {
            object(
                [
                    "id": text, "object": constant(kind), "created": count, "model": text, "choices": list(choice, from: 1),
                    "usage": reference("Usage"),
                ], required: ["id", "object", "created", "model", "choices", "usage"])
        }
        return [
            "Anything": ["type": "object"],
            "Error": object(
                [
                    "error": object(
                        [
                            "message": text, "type": text, "param": ["type": ["string", "null"]],
                            "code": ["type": ["string", "null"]],
                        ], required: ["message", "type", "param", "code"])
                ], required: ["error"]),
            "Health": object(
                [
                    "status": constant("ok"), "model": text, "answers_active": count, "answers_waiting": count,
                    "api_key_required": ["type": "boolean"],
                ], required: ["status", "model"]),
            "Model": object(
                ["id": text, "object": constant("model"), "created": count, "owned_by": text, "meta": ["type": "object"]],
                required: ["id", "object", "created", "owned_by"]),
            "ModelList": object(["object": constant("list"), "data": list(reference("Model"))], required: ["object", "data"]),
            "Usage": object(
                [
                    "prompt_tokens": count, "completion_tokens": count, "total_tokens": count,
                    "prompt_tokens_details": object(["cached_tokens": count]),
                ], required: ["prompt_tokens", "completion_tokens", "total_tokens"]),
            "Chat": answer("chat.completion", chatChoice),
            "Completion": answer("text_completion", completionChoice),
            "DetokenizeReply": object(["content": text], required: ["content"]),
        ]
    }
}

/// A regular expression for the whole numbers from 0 to a limit, without leading zeros.
enum DecimalPattern {
    static func upTo(_ limit: Int) -> String {
        let digits = String(max(limit, 0)).compactMap(\.wholeNumberValue)
        var parts = digits.count > 1 ? ["[0-9]"] : []
        if digits.count > 2 { parts.append("[1-9][0-9]{1,\(digits.count - 2)}") }
        // Numbers as long as the limit: those that fall below it at each place, and the limit itself.
        for (place, digit) in digits.enumerated() {
            let low = place == 0 && digits.count > 1 ? 1 : 0
            guard digit > low else { continue }
            let rest = digits.count - place - 1
            let head = digits[..<place].map(String.init).joined()
            parts.append("\(head)[\(low)-\(digit - 1)]" + (rest > 0 ? "[0-9]{\(rest)}" : ""))
        }
        parts.append(digits.map(String.init).joined())
        return parts.joined(separator: "|")
    }
}
