internal import FlowGGUF

/// Finds control and user-defined tokens in text: at each place the longest, from left to right.
struct SpecialTokens: Sendable {
    /// Longest text of such a token in bytes; it bounds the work that a hostile vocabulary can cause.
    static let longestText = 256

    private static let root = 0
    /// A tree of the texts: key is the node and the next byte.
    private var children: [Int: Int] = [:]
    private var tokens: [Int] = [-1]
    private var isFirst = [Bool](repeating: false, count: 256)
    private let kinds: [TokenKind]

    /// - Throws: ``GGUFError`` when a text is too long.
    init(_ vocabulary: Vocabulary, _ metadata: GGUFMetadata) throws(GGUFError) {
        var kinds = vocabulary.kinds
        for text in Self.endTexts {
            if let token = vocabulary.token(text), kinds[token] != .userDefined { kinds[token] = .control }
        }
        self.kinds = kinds
        for (token, kind) in kinds.enumerated() where kind.isHidden || kind == .userDefined {
            let text = vocabulary.texts.bytes(at: token)
            guard text.count <= Self.longestText else {
                throw metadata.unexpected(
                    GGUFKey.tokens,
                    "control and user-defined tokens of at most \(Self.longestText) bytes (token \(token) has \(text.count))")
            }
            guard let first = text.first else { continue }
            isFirst[Int(first)] = true
            var node = Self.root
            for byte in text {
                let key = node << 8 | Int(byte)
                if let child = children[key] {
                    node = child
                } else {
                    children[key] = tokens.count
                    node = tokens.count
                    tokens.append(-1)
                }
            }
            tokens[node] = token
        }
    }

    /// Texts of tokens that end an answer in every model that has them. Some files call them ordinary; in markup they are found all the same, as in
    /// llama.cpp.
    static let endTexts = [
        "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<EOT>",
    ]

    /// The longest token whose text begins at `start`, and where it ends.
    ///
    /// - Parameter markupEnd: where the markup around `start` ends, if `start` lies in markup: control tokens are found
    ///   only within.
    func match(_ text: [UInt8], at start: Int, markupEnd: Int?) -> (token: Int, end: Int)? {
        guard isFirst[Int(text[start])] else { return nil }
        var node = Self.root
        var best: (token: Int, end: Int)?
        var index = start
        while index < text.count, let child = children[node << 8 | Int(text[index])] {
            node = child
            index += 1
            let token = tokens[node]
            if token >= 0, !kinds[token].isHidden || index <= markupEnd ?? -1 { best = (token, index) }
        }
        return best
    }
}
