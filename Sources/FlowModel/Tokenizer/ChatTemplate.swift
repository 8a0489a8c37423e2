/// How a conversation becomes the text that a model goes on with.
///
/// A GGUF file carries a Jinja program for this. It is not run; the file's program is recognised by what it contains,
/// as llama.cpp does, and one of these forms is used.
public enum ChatTemplate: Sendable, Equatable {
    /// `Q: …` and `A: …` on lines of their own: the chain's models.
    case questionAndAnswer
    /// `<|im_start|>role … <|im_end|>`.
    case chatML
    /// No form: the last message alone.
    case plain

    /// The Jinja program of ``questionAndAnswer``, written into exported files.
    public static let questionAndAnswerSource = """
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
            self = .chatML
        } else if source.contains("'Q: '"), source.contains("nA:'") {
            self = .questionAndAnswer
        } else {
            self = .plain
        }
    }

    /// The text for the model, without the begin-of-text token; it ends where the answer begins.
    public func render(_ messages: [ChatMessage]) -> String {
        var text = ""
        switch self {
        case .questionAndAnswer:
            for message in messages {
                switch message.role {
                case .user: text += "Q: \(message.content)\nA:"
                case .assistant: text += " \(message.content)\n"
                case .system: text += "\(message.content)\n"
                }
            }
        case .chatML:
            for message in messages {
                text += "<|im_start|>\(message.role.rawValue)\n\(message.content)<|im_end|>\n"
            }
            text += "<|im_start|>assistant\n"
        case .plain:
            text = messages.last?.content ?? ""
        }
        return text
    }

    /// Texts at which an answer is over, besides the end-of-text token.
    public var stopSequences: [String] {
        switch self {
        case .questionAndAnswer: ["\nQ:"]
        case .chatML: ["<|im_end|>"]
        case .plain: []
        }
    }
}
