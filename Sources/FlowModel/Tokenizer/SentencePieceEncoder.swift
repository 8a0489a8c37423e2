internal import FlowGGUF

/// SentencePiece byte-pair encoding, the tokenizers of the `llama` kind: spaces become U+2581, characters are joined to
/// the token with the highest score first, and what is no token becomes bytes.
struct SentencePieceEncoder: Sendable {
    /// U+2581, which stands for a space.
    static let space: [UInt8] = [0xE2, 0x96, 0x81]

    /// Whether a space is put before a text, and before text after a control token.
    let addsSpacePrefix: Bool
    private let vocabulary: Vocabulary
    /// Lower is better: the scores in falling order.
    private let ranks: [UInt32]
    /// The token of each byte.
    private let byteTokens: [Int]

    /// - Throws: ``GGUFError`` when scores are missing, not numbers or not one for each token, or when a byte has no
    ///   token and there is no unknown token.
    init(_ vocabulary: Vocabulary, _ metadata: GGUFMetadata) throws(GGUFError) {
        self.vocabulary = vocabulary
        addsSpacePrefix = try metadata.boolean("tokenizer.ggml.add_space_prefix", default: true)
        guard case .array(.float32(let scores)) = metadata[GGUFKey.scores], scores.count == vocabulary.count,
            !scores.contains(where: \.isNaN)
        else {
            throw metadata.unexpected(GGUFKey.scores, "an array of \(vocabulary.count) numbers, one for each token")
        }
        // Adding 0 makes -0 equal to 0; the bits of numbers, the negative ones turned round, are in order.
        ranks = scores.map { score in
            let bits = (score + 0).bitPattern
            return bits >> 31 == 1 ? bits : ~bits & 0x7FFF_FFFF
        }
        let unknown = metadata["tokenizer.ggml.unknown_token_id"]?.integer
        var tokens: [Int] = []
        for byte in UInt8.min...UInt8.max {
            let named = vocabulary.token(Self.name(byte)).flatMap { vocabulary.kinds[$0] == .byte ? $0 : nil }
            guard let token = named ?? (byte < 0x80 ? vocabulary.token([byte]) : nil) ?? unknown,
                token >= 0, token < vocabulary.count
            else {
                throw metadata.unexpected(GGUFKey.tokens, "the token \(Self.name(byte)) or an unknown token")
            }
            tokens.append(token)
        }
        byteTokens = tokens
    }

    /// The text of a byte's token: `<0x0A>`.
    static func name(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF")
        return "<0x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])>"
    }

    /// The byte that a token's text names.
    static func byte(_ text: ArraySlice<UInt8>) -> UInt8? {
        guard text.count == 6, text.starts(with: [0x3C, 0x30, 0x78]), text.last == 0x3E else { return nil }
        let digits = text.dropFirst(3).prefix(2)
        guard digits.allSatisfy({ $0 < 0x80 && Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    /// Appends the tokens of `text[range]`, which is valid UTF-8.
    ///
    /// - Parameter followsSpecial: whether the text begins, or a control or user-defined token stands before it.
    func encode(_ text: [UInt8], _ range: Range<Int>, followsSpecial: Bool, into result: inout [Int]) {
        var escaped: [UInt8] = followsSpecial && addsSpacePrefix ? Self.space : []
        escaped.reserveCapacity(range.count + range.count / 2)
        for byte in text[range] {
            if byte == 0x20 { escaped.append(contentsOf: Self.space) } else { escaped.append(byte) }
        }
        var merger = PairMerger()
        var start = 0
        while start < escaped.count {
            var end = start + 1
            while end < escaped.count, escaped[end] & 0xC0 == 0x80 { end += 1 }
            merger.append(.init(token: token(escaped[start..<end]) ?? -1, start: start, length: end - start))
            start = end
        }
        merger.merge { left, right in
            let length = left.length + right.length
            guard length <= vocabulary.longestText, let token = token(escaped[left.start..<(left.start + length)]) else {
                return nil
            }
            return (ranks[Int(token)], token)
        }
        for piece in merger.pieces where piece.length > 0 {
            if piece.token >= 0 {
                result.append(Int(piece.token))
            } else {
                for byte in escaped[piece.start..<(piece.start + piece.length)] { result.append(byteTokens[Int(byte)]) }
            }
        }
    }

    /// The token of a text, without those that text never becomes.
    private func token(_ text: ArraySlice<UInt8>) -> Int32? {
        guard let token = vocabulary.token(text) else { return nil }
        let kind = vocabulary.kinds[token]
        return kind.isHidden || kind == .byte ? nil : Int32(token)
    }
}
