/// The tokens that may come next: one bit for each token of a vocabulary.
public struct TokenMask: Sendable, Equatable {
    private var words: [UInt64]
    /// The size of the vocabulary.
    public let count: Int

    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    /// Whether a token may come next; false outside the vocabulary.
    public subscript(token: Int) -> Bool { token >= 0 && token < count && words[token >> 6] >> UInt64(token & 63) & 1 == 1 }

    mutating func insert(_ token: Int) { words[token >> 6] |= 1 << UInt64(token & 63) }
    mutating func formUnion(_ other: TokenMask) { for index in words.indices where index < other.words.count { words[index] |= other.words[index] } }

    /// Whether no token may come next.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
}
