public import FlowGGUF

/// Turns text into a model's tokens and tokens into bytes, as a file's metadata says.
///
/// Two kinds are known: `gpt2` (byte-level byte-pair encoding, with the pre-tokenizers of `Documentation/Tokenizers.md`) and `llama`
/// (SentencePiece byte-pair encoding with byte fallback). The tokens are those of llama.cpp and of the models' own
/// tokenizers; `Documentation/Tokenizers.md` lists where the two differ.
public struct Tokenizer: Sendable {
    /// Number of tokens.
    public let count: Int
    /// The token that begins a text, if there is one.
    public let beginOfText: Int?
    /// The token that ends a text, if there is one.
    public let endOfText: Int?
    /// The tokens at which an answer is over.
    public let endTokens: Set<Int>
    /// Whether texts begin with ``beginOfText``.
    public let addsBeginOfText: Bool
    /// Whether texts that are encoded for training end with ``endOfText``. A prompt never does.
    public let addsEndOfText: Bool

    /// The values of `tokenizer.ggml.pre` that are known for `gpt2` tokenizers.
    static var preTokenizers: [String] { PreTokenizer.names }

    private enum Encoder: Sendable {
        case bytePairs(BytePairEncoder)
        case sentencePiece(SentencePieceEncoder)
    }

    private let encoder: Encoder
    private let vocabulary: Vocabulary
    private let specials: SpecialTokens
    /// Bytes of each token, as a run in `bytes`.
    private let bytes: [UInt8]
    private let ends: [Int]

    /// - Throws: ``GGUFError`` for a tokenizer that is not supported or whose parts do not fit each other.
    public init(_ file: GGUFFile) throws(GGUFError) { try self.init(metadata: file.metadata) }

    /// - Throws: ``GGUFError`` for a tokenizer that is not supported or whose parts do not fit each other.
    init(metadata: GGUFMetadata) throws(GGUFError) {
        let kind = try metadata.string(GGUFKey.tokenizerModel)
        guard kind == "gpt2" || kind == "llama" else {
            throw metadata.unexpected(GGUFKey.tokenizerModel, "'gpt2' or 'llama'")
        }
        let vocabulary = try Vocabulary(metadata)
        let begins: Bool
        if kind == "gpt2" {
            encoder = .bytePairs(try BytePairEncoder(vocabulary, metadata))
            begins = try PreTokenizer(metadata).addsBeginOfText
        } else {
            encoder = .sentencePiece(try SentencePieceEncoder(vocabulary, metadata))
            begins = true
        }
        specials = try SpecialTokens(vocabulary, metadata)
        (bytes, ends) = Self.decoded(vocabulary, isBytePairs: kind == "gpt2")
        self.vocabulary = vocabulary
        count = vocabulary.count

        // Files of the `llama` kind may leave out the ids that SentencePiece has by default.
        func special(_ name: String, default fallback: Int?) throws(GGUFError) -> Int? {
            let key = "tokenizer.ggml.\(name)_token_id"
            guard let entry = metadata.entry(key) else {
                guard let fallback, kind == "llama", fallback < vocabulary.count,
                    vocabulary.kinds[fallback] == .control
                else { return nil }
                return fallback
            }
            guard let token = entry.value.integer, vocabulary.texts.indices.contains(token) else {
                throw entry.unexpected("a token id below \(vocabulary.count)")
            }
            return token
        }
        beginOfText = try special("bos", default: 1)
        endOfText = try special("eos", default: 2)
        addsBeginOfText = try metadata.boolean("tokenizer.ggml.add_bos_token", default: begins)
        addsEndOfText = try metadata.boolean("tokenizer.ggml.add_eos_token", default: false)
        var endTokens = Set([endOfText, try special("eot", default: nil), try special("eom", default: nil)].compactMap(\.self))
        for text in SpecialTokens.endTexts {
            if let token = vocabulary.token(text), vocabulary.kinds[token] == .control { endTokens.insert(token) }
        }
        self.endTokens = endTokens
    }

    private static func decoded(_ vocabulary: Vocabulary, isBytePairs: Bool) -> (bytes: [UInt8], ends: [Int]) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        bytes.reserveCapacity(vocabulary.texts.utf8.count)
        ends.reserveCapacity(vocabulary.count)
        for (token, kind) in vocabulary.kinds.enumerated() {
            let text = vocabulary.texts.bytes(at: token)
            if kind.isHidden || kind == .userDefined {
                bytes.append(contentsOf: text)
            } else if isBytePairs {
                let length = bytes.count
                if !ByteUnicode.append(text, to: &bytes) {
                    bytes.removeLast(bytes.count - length)
                    bytes.append(contentsOf: text)
                }
            } else if kind == .byte, let byte = SentencePieceEncoder.byte(text) {
                bytes.append(byte)
            } else {
                var rest = text
                while let first = rest.first {
                    let isSpace = rest.starts(with: SentencePieceEncoder.space)
                    bytes.append(isSpace ? 0x20 : first)
                    rest = rest.dropFirst(isSpace ? 3 : 1)
                }
            }
            ends.append(bytes.count)
        }
        return (bytes, ends)
    }
}

extension Tokenizer {
    /// The tokens of `text`.
    ///
    /// User-defined tokens are found in any text before everything else.
    ///
    /// - Parameters:
    ///   - beginsText: whether to put ``beginOfText`` first; as the file says by default.
    ///   - endsText: whether to put ``endOfText`` last.
    ///   - specials: whether the texts of control tokens (`<eos>`) stand for those tokens. Leave it off for what a user
    ///     typed, or the user can forge the structure of the conversation.
    public func encode(
        _ text: String, beginsText: Bool? = nil, endsText: Bool = false, specials parsesSpecials: Bool = false
    ) -> [Int] {
        encode([(text, parsesSpecials)], beginsText: beginsText, endsText: endsText)
    }

    /// The tokens of several pieces as one text, in which control tokens are found within markup only.
    ///
    /// Words may cross from one piece to the next, as if the text had been written in one.
    func encode(
        _ pieces: [(text: String, isMarkup: Bool)], beginsText: Bool? = nil, endsText: Bool = false
    ) -> [Int] {
        var text: [UInt8] = []
        var markup: [Range<Int>] = []
        for piece in pieces {
            let start = text.count
            text.append(contentsOf: piece.text.utf8)
            if piece.isMarkup { markup.append(start..<text.count) }
        }
        var result: [Int] = []
        if beginsText ?? addsBeginOfText, let beginOfText { result.append(beginOfText) }
        var followsSpecial = true
        var start = 0
        func encodeWords(until end: Int) {
            guard start < end else { return }
            switch encoder {
            case .bytePairs(let encoder): encoder.encode(text, start..<end, into: &result)
            case .sentencePiece(let encoder):
                encoder.encode(text, start..<end, followsSpecial: followsSpecial, into: &result)
            }
            followsSpecial = false
        }
        var index = 0
        var next = markup.startIndex
        while index < text.count {
            while next < markup.endIndex, markup[next].upperBound <= index { next += 1 }
            let isMarkup = next < markup.endIndex && markup[next].lowerBound <= index
            guard let (token, end) = specials.match(text, at: index, markupEnd: isMarkup ? markup[next].upperBound : nil)
            else {
                index += 1
                continue
            }
            encodeWords(until: index)
            result.append(token)
            followsSpecial = true
            index = end
            start = end
        }
        encodeWords(until: text.count)
        if endsText, let endOfText { result.append(endOfText) }
        return result
    }

    /// The bytes of a token; none for ids outside the vocabulary.
    ///
    /// - Parameter specials: whether control tokens have the bytes of their texts (true) or none (false).
    public func decode(_ token: Int, specials: Bool = false) -> ArraySlice<UInt8> {
        guard token >= 0, token < count, specials || !vocabulary.kinds[token].isHidden else { return [] }
        return bytes[(token == 0 ? 0 : ends[token - 1])..<ends[token]]
    }

    /// The text of tokens; bytes that are not UTF-8 become U+FFFD.
    ///
    /// The space that a `llama` tokenizer puts before a text is taken away again.
    ///
    /// - Parameter specials: whether control tokens are written out.
    public func decode(_ tokens: some Sequence<Int>, specials: Bool = false) -> String {
        var bytes = tokens.flatMap { decode($0, specials: specials) }
        if case .sentencePiece(let encoder) = encoder, encoder.addsSpacePrefix, bytes.first == 0x20 {
            bytes.removeFirst()
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
