/// How a conversation becomes the text that a model goes on with.
///
/// A GGUF file carries a Jinja program for this. It is not run; the file's program is recognised by what it contains,
/// as llama.cpp does, and one of these forms is used.
public enum ChatTemplate: Sendable, Equatable {
    /// `Q: …` and `A: …` on lines of their own: the chain's models.
    case questionAndAnswer
    /// `<|im_start|>role … <|im_end|>`.
    case chatML
    /// ``chatML``, where a conversation without a system message begins with this one.
    case chatMLWithSystem(String)
    /// `<|start_header_id|>role<|end_header_id|> … <|eot_id|>`.
    case llama3
    /// `[INST] … [/INST]`; a system message stands at the beginning of the first question.
    case mistral
    /// ``mistral`` with `<<SYS>> … <</SYS>>` around a system message.
    case llama2
    /// No form: the last message alone.
    case plain

    /// The Jinja program of ``questionAndAnswer``, written into exported files.
    static let questionAndAnswerSource = """
        {{- bos_token -}}{%- for message in messages -%}{%- if message['role'] == 'user' -%}\
        {{- 'Q: ' + message['content'] + '\\nA:' -}}{%- elif message['role'] == 'assistant' -%}\
        {{- ' ' + message['content'] + '\\n' -}}{%- else -%}{{- message['content'] + '\\n' -}}{%- endif -%}{%- endfor -%}
        """

    /// The form that a file's Jinja program asks for.
    public init(source: String?) {
        guard let source else {
            self = .plain
            return
        }
        if source.contains("<|im_start|>") {
            self = Self.defaultSystem(source).map(Self.chatMLWithSystem) ?? .chatML
        } else if source.contains("<|start_header_id|>"), source.contains("<|end_header_id|>") {
            self = .llama3
        } else if source.contains("[INST]") {
            self = source.contains("<<SYS>>") ? .llama2 : .mistral
        } else if source.contains("'Q: '"), source.contains("nA:'") {
            self = .questionAndAnswer
        } else {
            self = .plain
        }
    }

    /// The text that a ChatML program puts first when no system message is there:
    /// `{% if … != 'system' %}{{ '<|im_start|>system\nYou are …<|im_end|>`.
    private static func defaultSystem(_ source: String) -> String? {
        func after(_ mark: String, in text: Substring) -> Substring? {
            var rest = text
            while !rest.isEmpty {
                if rest.hasPrefix(mark) { return rest.dropFirst(mark.count) }
                rest = rest.dropFirst()
            }
            return nil
        }
        guard let condition = after("!= 'system'", in: source[...]),
            let text = after("<|im_start|>system\\n", in: condition)
        else { return nil }
        var result = ""
        for character in text {
            // Anything but plain text means that the program computes it.
            if "'\"{}+\\".contains(character) { return nil }
            result.append(character)
            if result.hasSuffix("<|im_end|>") { return String(result.dropLast("<|im_end|>".count)) }
        }
        return nil
    }

    /// The tokens for the model; they end where the answer begins.
    ///
    /// What people wrote is encoded without control tokens, so nobody can forge the structure of the conversation.
    public func tokens(_ messages: [ChatMessage], tokenizer: Tokenizer) -> [Int] {
        tokenizer.encode(pieces(messages))
    }

    /// The text for the model, without the begin-of-text token.
    public func render(_ messages: [ChatMessage]) -> String { pieces(messages).map(\.text).joined() }

    private func pieces(_ messages: [ChatMessage]) -> [(text: String, isMarkup: Bool)] {
        switch self {
        case .questionAndAnswer:
            return messages.flatMap { message -> [(String, Bool)] in
                switch message.role {
                case .user: [("Q: ", true), (message.content, false), ("\nA:", true)]
                case .assistant: [(" ", true), (message.content, false), ("\n", true)]
                case .system: [(message.content, false), ("\n", true)]
                }
            }
        case .chatML: return chatMLPieces(messages)
        case .chatMLWithSystem(let text):
            let hasSystem = messages.first?.role == .system
            return chatMLPieces(hasSystem ? messages : [ChatMessage(role: .system, content: text)] + messages)
        case .llama3:
            return messages.flatMap { message -> [(String, Bool)] in
                [
                    ("<|start_header_id|>\(message.role.rawValue)<|end_header_id|>\n\n", true),
                    (Self.trimmed(message.content), false), ("<|eot_id|>", true),
                ]
            } + [("<|start_header_id|>assistant<|end_header_id|>\n\n", true)]
        case .mistral, .llama2: return instructionPieces(messages)
        case .plain: return [(messages.last?.content ?? "", false)]
        }
    }

    private func chatMLPieces(_ messages: [ChatMessage]) -> [(text: String, isMarkup: Bool)] {
        messages.flatMap { message -> [(String, Bool)] in
            [("<|im_start|>\(message.role.rawValue)\n", true), (message.content, false), ("<|im_end|>\n", true)]
        } + [("<|im_start|>assistant\n", true)]
    }

    private func instructionPieces(_ messages: [ChatMessage]) -> [(text: String, isMarkup: Bool)] {
        var pieces: [(String, Bool)] = []
        var isOpen = false
        func open() {
            if !isOpen { pieces.append(("[INST] ", true)) }
            isOpen = true
        }
        for message in messages {
            switch message.role {
            case .system where self == .llama2:
                open()
                pieces += [("<<SYS>>\n", true), (message.content, false), ("\n<</SYS>>\n\n", true)]
            case .system:
                open()
                pieces += [(message.content, false), ("\n\n", true)]
            case .user:
                open()
                pieces += [(message.content, false), (" [/INST]", true)]
                isOpen = false
            case .assistant: pieces += [(" ", true), (Self.trimmed(message.content), false), ("</s>", true)]
            }
        }
        return pieces
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// Texts at which an answer is over, besides the end-of-text token.
    public var stopSequences: [String] {
        switch self {
        case .questionAndAnswer: ["\n"]
        case .chatML, .chatMLWithSystem: ["<|im_end|>"]
        case .llama3: ["<|eot_id|>"]
        case .mistral, .llama2, .plain: []
        }
    }
}
