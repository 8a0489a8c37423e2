internal import FlowGGUF

/// Byte-level byte-pair encoding, the tokenizers of the `gpt2` kind: text is cut into words, words into bytes, and the
/// bytes are joined in the order of the file's merges.
struct BytePairEncoder: Sendable {
    /// The token of each byte; -1 where the vocabulary has none. Such a byte is left out, as in llama.cpp.
    let byteTokens: [Int32]
    private let merges: [UInt64: Merge]
    private let preTokenizer: PreTokenizer
    private let vocabulary: Vocabulary

    private struct Merge: Sendable {
        var rank: UInt32
        var token: Int32
    }

    /// - Throws: ``GGUFError`` for an unknown pre-tokenizer, a printable ASCII character without a token, and merges
    ///   that are not two ordinary tokens which together are a third.
    init(_ vocabulary: Vocabulary, _ metadata: GGUFMetadata) throws(GGUFError) {
        self.vocabulary = vocabulary
        preTokenizer = try PreTokenizer(metadata)
        byteTokens = ByteUnicode.scalars.map { scalar in
            let token = vocabulary.token(String(scalar)) ?? -1
            return token >= 0 && vocabulary.kinds[token].isHidden ? -1 : Int32(token)
        }
        if let missing = (0x20...0x7E).first(where: { [byteTokens] in byteTokens[$0] < 0 }) {
            throw metadata.unexpected(
                GGUFKey.tokens, "a token for each printable ASCII character, also for the byte \(missing)")
        }
        merges = try Self.merges(vocabulary, metadata)
    }

    private static func merges(
        _ vocabulary: Vocabulary, _ metadata: GGUFMetadata
    ) throws(GGUFError) -> [UInt64: Merge] {
        guard let entry = metadata.entry(GGUFKey.merges) else { return [:] }
        guard let strings = entry.value.strings, strings.count < Int(UInt32.max) else {
            throw entry.unexpected("an array of strings")
        }
        var merges: [UInt64: Merge] = [:]
        merges.reserveCapacity(strings.count)
        var joined: [UInt8] = []
        func ordinary(_ text: ArraySlice<UInt8>) -> Int? {
            vocabulary.token(text).flatMap { vocabulary.kinds[$0].isHidden ? nil : $0 }
        }
        for rank in strings.indices {
            let text = strings.bytes(at: rank)
            // A token's own space is written as another character, but the first byte may be one.
            let space = text.dropFirst().firstIndex(of: 0x20) ?? text.startIndex
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: text[..<space])
            joined.append(contentsOf: text[space...].dropFirst())
            guard space > text.startIndex, let left = ordinary(text[..<space]),
                let right = ordinary(text[(space + 1)...]), let token = ordinary(joined[...])
            else {
                throw .unexpectedValue(
                    key: GGUFKey.merges, expected: "two ordinary tokens that together are a third",
                    actual: "'\(strings[rank])' as merge \(rank)", offset: entry.offset)
            }
            let key = UInt64(left) << 32 | UInt64(right)
            // Of two equal merges the first counts.
            if merges[key] == nil { merges[key] = Merge(rank: UInt32(rank), token: Int32(token)) }
        }
        return merges
    }

    /// Appends the tokens of `text[range]`, which is valid UTF-8.
    func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [Int]) {
        guard !merges.isEmpty || preTokenizer.takesWholeWords else {
            for byte in text[range] { append(byteTokens[Int(byte)], to: &result) }
            return
        }
        var merger = PairMerger()
        var spelled: [UInt8] = []
        preTokenizer.forEachWord(text, range) { word in
            if preTokenizer.takesWholeWords {
                spelled.removeAll(keepingCapacity: true)
                for byte in text[word] { spelled.append(contentsOf: ByteUnicode.utf8[Int(byte)]) }
                if let token = vocabulary.token(spelled[...]), vocabulary.kinds[token] == .normal {
                    result.append(token)
                    return
                }
            }
            merger.removeAll()
            for index in word {
                merger.append(.init(token: byteTokens[Int(text[index])], start: index, length: 1))
            }
            merger.merge { left, right in
                guard left.token >= 0, right.token >= 0 else { return nil }
                let key = UInt64(left.token) << 32 | UInt64(right.token)
                return merges[key].map { ($0.rank, $0.token) }
            }
            for piece in merger.pieces where piece.length > 0 { append(piece.token, to: &result) }
        }
    }

    private func append(_ token: Int32, to result: inout [Int]) {
        if token >= 0 { result.append(Int(token)) }
    }
}
