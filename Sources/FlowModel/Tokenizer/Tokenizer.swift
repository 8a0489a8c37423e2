public import FlowGGUF

/// Turns text into a model's tokens and tokens into bytes, as a file's metadata says.
public struct Tokenizer: Sendable {
    /// Number of tokens.
    public let count: Int
    /// The token that begins a text, if there is one.
    public let beginOfText: Int?
    /// The tokens at which an answer is over.
    public let endTokens: Set<Int>
    /// Whether texts begin with ``beginOfText``.
    public let addsBeginOfText: Bool

    /// Bytes of each token, as a run in `bytes`; control tokens have none.
    private let bytes: [UInt8]
    private let ends: [Int]
    private let byteTokens: [Int]
    private let specials: [(text: [UInt8], token: Int)]

    /// - Throws: ``GGUFError`` for a tokenizer that is not supported.
    public init(_ file: GGUFFile) throws(GGUFError) {
        let metadata = file.metadata
        let kind = try metadata.string(GGUFKey.tokenizerModel)
        guard kind == "gpt2" else { throw metadata.unexpected(GGUFKey.tokenizerModel, "'gpt2'") }
        guard let texts = metadata[GGUFKey.tokens]?.strings else {
            throw metadata.unexpected(GGUFKey.tokens, "an array of strings")
        }
        let types = metadata[GGUFKey.tokenTypes]?.array?.integers ?? [Int](repeating: 1, count: texts.count)
        if let merges = metadata.entry(GGUFKey.merges), merges.value.strings?.isEmpty != true {
            throw merges.unexpected("an empty array of strings")
        }
        count = texts.count
        var bytes: [UInt8] = []
        var ends: [Int] = []
        var byteTokens = [Int](repeating: -1, count: 256)
        var specials: [(text: [UInt8], token: Int)] = []
        for index in texts.indices {
            let text = texts[index]
            // 1 is an ordinary token, 3 a control token, 4 one that a user added.
            if types[index] == 3 || types[index] == 4 {
                specials.append((Array(text.utf8), index))
                if types[index] == 4 { bytes.append(contentsOf: text.utf8) }
            } else {
                let decoded = ByteUnicode.decode(text) ?? Array(text.utf8)
                bytes.append(contentsOf: decoded)
                if decoded.count == 1 { byteTokens[Int(decoded[0])] = index }
            }
            ends.append(bytes.count)
        }
        if let missing = byteTokens.firstIndex(of: -1) {
            throw metadata.unexpected(GGUFKey.tokens, "a token for each byte, also for \(missing)")
        }
        self.bytes = bytes
        self.ends = ends
        self.byteTokens = byteTokens
        self.specials = specials.sorted { $0.text.count > $1.text.count }
        beginOfText = metadata["tokenizer.ggml.bos_token_id"]?.integer
        addsBeginOfText = try metadata.boolean("tokenizer.ggml.add_bos_token", default: false)
        let endKeys = ["eos", "eot", "eom"].map { "tokenizer.ggml.\($0)_token_id" }
        endTokens = Set(endKeys.compactMap { metadata[$0]?.integer })
    }

    /// The tokens of `text`.
    ///
    /// - Parameters:
    ///   - beginsText: whether to put ``beginOfText`` first; as the file says by default.
    ///   - specials: whether the texts of control tokens (`<eos>`) stand for those tokens. Leave it off for what a user
    ///     typed, or the user can forge the structure of the conversation.
    public func encode(_ text: String, beginsText: Bool? = nil, specials parsesSpecials: Bool = false) -> [Int] {
        var result: [Int] = []
        if beginsText ?? addsBeginOfText, let beginOfText { result.append(beginOfText) }
        let input = Array(text.utf8)
        var index = 0
        next: while index < input.count {
            if parsesSpecials {
                for special in specials where !special.text.isEmpty && input[index...].starts(with: special.text) {
                    result.append(special.token)
                    index += special.text.count
                    continue next
                }
            }
            result.append(byteTokens[Int(input[index])])
            index += 1
        }
        return result
    }

    /// The bytes of a token; none for control tokens and ids outside the vocabulary.
    public func decode(_ token: Int) -> ArraySlice<UInt8> {
        guard token >= 0, token < count else { return [] }
        return bytes[(token == 0 ? 0 : ends[token - 1])..<ends[token]]
    }

    /// The text of tokens; bytes that are not UTF-8 become U+FFFD.
    public func decode(_ tokens: some Sequence<Int>) -> String {
        String(decoding: tokens.flatMap { decode($0) }, as: UTF8.self)
    }
}
