/// What a token is for, with the number that stands for it in `tokenizer.ggml.token_type`.
enum TokenKind: Int, Sendable {
    case normal = 1
    /// Stands for what the vocabulary cannot say.
    case unknown = 2
    /// Structure, such as the end of a text; text that people wrote never becomes one.
    case control = 3
    /// Found in text before everything else.
    case userDefined = 4
    case unused = 5
    /// One byte, where the vocabulary has no token for a character: `<0x0A>`.
    case byte = 6

    /// Whether the token is shown only on request.
    var isHidden: Bool { self == .control || self == .unknown }
}
