/// Why words are not a mnemonic. The words themselves are secret and stay out of it.
@nonexhaustive
public enum MnemonicError: Error, Equatable, Sendable {
    /// A mnemonic has 12, 15, 18, 21 or 24 words.
    case wordCountInvalid(Int)
    /// The word at this place, counted from one, is not in the list.
    case unknownWord(place: Int)
    /// All words are in the list, but the last ones do not confirm the others.
    case checksumMismatch
    /// Entropy has 16, 20, 24, 28 or 32 bytes.
    case entropyLengthInvalid(Int)
}

extension MnemonicError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wordCountInvalid(let count): "expected 12, 15, 18, 21 or 24 words, got \(count): count the words again"
        case .unknownWord(let place):
            "word \(place) is not in the English BIP-39 list: check its spelling, in lower case and in full"
        case .checksumMismatch: "the words do not belong together: check their order and look for a word mistaken for another"
        case .entropyLengthInvalid(let count): "expected 16, 20, 24, 28 or 32 bytes of entropy, got \(count)"
        }
    }
}
