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

    /// The tokens for the model; they end where the answer begins.
    ///
    /// What people wrote is encoded without control tokens, so nobody can forge the structure of the conversation.
    public func tokens(_ messages: [ChatMessage], tokenizer: Tokenizer) -> [Int] {
        var tokens = tokenizer.encode("")
        for (text, isMarkup) in pieces(messages) {
            tokens += tokenizer.encode(text, beginsText: false, specials: isMarkup)
        }
        return tokens
    }

    /// The text for the model, without the begin-of-text token.
    public func render(_ messages: [ChatMessage]) -> String { pieces(messages).map(\.text).joined() }

    private func pieces(_ messages: [ChatMessage]) -> [(text: String, isMarkup: Bool)] {
        var pieces: [(String, Bool)] = []
        switch self {
        case .questionAndAnswer:
            for message in messages {
                switch message.role {
                case .user: pieces += [("Q: ", true), (message.content, false), ("\nA:", true)]
                case .assistant: pieces += [(" ", true), (message.content, false), ("\n", true)]
                case .system: pieces += [(message.content, false), ("\n", true)]
                }
            }
        case .chatML:
            for message in messages {
                pieces += [
                    ("<|im_start|>\(message.role.rawValue)\n", true), (message.content, false), ("<|im_end|>\n", true),
                ]
            }
            pieces.append(("<|im_start|>assistant\n", true))
        case .plain:
            pieces.append((messages.last?.content ?? "", false))
        }
        return pieces
    }

    /// Texts at which an answer is over, besides the end-of-text token.
    public var stopSequences: [String] {
        switch self {
        case .questionAndAnswer: ["\n"]
        case .chatML: ["<|im_end|>"]
        case .plain: []
        }
    }
}
