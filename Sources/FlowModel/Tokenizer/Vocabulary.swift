internal import FlowGGUF

/// The tokens of a file: their texts, their kinds, and the way from a text back to its token.
struct Vocabulary: Sendable {
    let texts: GGUFStrings
    let kinds: [TokenKind]
    /// Bytes of the longest text.
    let longestText: Int
    /// Open addressing: a slot holds a token plus one, or 0.
    private let slots: [Int32]

    var count: Int { texts.count }

    /// - Throws: ``GGUFError`` when there are no tokens, two with the same text, or not one kind for each.
    init(_ metadata: GGUFMetadata) throws(GGUFError) {
        guard let texts = metadata[GGUFKey.tokens]?.strings, !texts.isEmpty, texts.count < Int(Int32.max) / 4 else {
            throw metadata.unexpected(GGUFKey.tokens, "an array of strings")
        }
        if let entry = metadata.entry(GGUFKey.tokenTypes) {
            guard let numbers = entry.value.array?.integers, numbers.count == texts.count else {
                throw entry.unexpected("an array of \(texts.count) integers, one for each token")
            }
            // llama.cpp takes numbers that it does not know as kinds without a meaning.
            kinds = numbers.map { TokenKind(rawValue: $0) ?? .unused }
        } else {
            kinds = [TokenKind](repeating: .normal, count: texts.count)
        }
        var capacity = 16
        while capacity < 2 * texts.count { capacity *= 2 }
        var slots = [Int32](repeating: 0, count: capacity)
        var longest = 0
        for token in texts.indices {
            let text = texts.bytes(at: token)
            longest = max(longest, text.count)
            var slot = Self.hash(text) & (capacity - 1)
            while slots[slot] != 0 {
                let other = Int(slots[slot]) - 1
                guard texts.bytes(at: other) != text else {
                    throw .unexpectedValue(
                        key: GGUFKey.tokens, expected: "tokens that differ",
                        actual: "the text of token \(other) again as token \(token)",
                        offset: metadata.entry(GGUFKey.tokens)?.offset ?? 0)
                }
                slot = (slot + 1) & (capacity - 1)
            }
            slots[slot] = Int32(token + 1)
        }
        self.texts = texts
        self.slots = slots
        longestText = longest
    }

    /// The token whose text is `text`.
    func token(_ text: ArraySlice<UInt8>) -> Int? {
        var slot = Self.hash(text) & (slots.count - 1)
        while slots[slot] != 0 {
            let token = Int(slots[slot]) - 1
            if texts.bytes(at: token) == text { return token }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    func token(_ text: String) -> Int? { token(Array(text.utf8)[...]) }

    /// Seeded in each process, so that no file can be made whose texts all collide.
    private static func hash(_ text: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        text.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
