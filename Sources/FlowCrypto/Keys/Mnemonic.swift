/// A mnemonic of BIP-39 with the English word list: words that carry a wallet's entropy and a checksum.
///
/// The entropy lies in guarded memory; the words are made when asked for and are never printed by accident.
public struct Mnemonic: Sendable, Equatable {
    /// The entropy that the words carry: 16 to 32 bytes.
    public let entropy: SecretBytes

    /// Numbers of words that a mnemonic can have.
    static let wordCounts = [12, 15, 18, 21, 24]

    /// - Parameter entropy: 16, 20, 24, 28 or 32 bytes; any other number throws `entropyLengthInvalid`.
    public init(entropy: [UInt8]) throws(MnemonicError) { try self.init(entropy: SecretBytes(entropy)) }

    /// - Parameter entropy: 16, 20, 24, 28 or 32 bytes; any other number throws `entropyLengthInvalid`.
    public init(entropy: SecretBytes) throws(MnemonicError) {
        guard entropy.count % 4 == 0, (16...32).contains(entropy.count) else {
            throw .entropyLengthInvalid(entropy.count)
        }
        self.entropy = entropy
    }

    /// Reads words in lower case, with any white space between them, and checks their checksum.
    public init(words text: String) throws(MnemonicError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard Self.wordCounts.contains(words.count) else { throw .wordCountInvalid(words.count) }
        var numbers: [UInt16] = []
        for (index, word) in words.enumerated() {
            guard let number = MnemonicWords.numbers[word] else { throw .unknownWord(place: index + 1) }
            numbers.append(number)
        }
        // Each word is 11 bits; of 33 bits, 32 are entropy and the last of all are checksum.
        let entropyCount = words.count / 3 * 4
        var checksum: UInt8 = 0
        let entropy = SecretBytes(count: entropyCount) { memory in
            for bit in 0..<numbers.count * 11 {
                let value = UInt8(numbers[bit / 11] >> UInt16(10 - bit % 11) & 1)
                if bit < entropyCount * 8 {
                    memory[bit / 8] |= value << UInt8(7 - bit % 8)
                } else {
                    checksum = checksum << 1 | value
                }
            }
        }
        let checksumBits = UInt8(entropyCount / 4)
        guard SHA256.firstByte(entropy) >> (8 - checksumBits) == checksum else { throw .checksumMismatch }
        self.entropy = entropy
    }

    /// A mnemonic from random entropy.
    /// - Throws: `wordCountInvalid` for a count that is not in `wordCounts`.
    public static func generate(wordCount: Int = 24) throws(MnemonicError) -> Mnemonic {
        guard wordCounts.contains(wordCount) else { throw .wordCountInvalid(wordCount) }
        return try Mnemonic(entropy: .random(wordCount / 3 * 4))
    }

    /// The words in order. Strings cannot be wiped: keep them no longer than it takes to show them.
    public var words: [String] {
        let checksum = SHA256.firstByte(entropy)
        return entropy.withUnsafeBytes { entropy in
            (0..<entropy.count / 4 * 3).map { word in
                let number = (word * 11..<word * 11 + 11).reduce(0) { number, bit in
                    let byte = bit / 8 < entropy.count ? entropy[bit / 8] : checksum
                    return number << 1 | Int(byte >> UInt8(7 - bit % 8) & 1)
                }
                return String(MnemonicWords.list[number])
            }
        }
    }

    /// The words joined by single spaces.
    public var phrase: String { words.joined(separator: " ") }

    /// The 64-byte seed: PBKDF2-HMAC-SHA-512 of the phrase, 2,048 rounds, salted with `mnemonic` and the passphrase in
    /// normalisation form KD. Every passphrase gives a seed, so a mistyped one gives another, empty wallet.
    public func seed(passphrase: String = "") -> SecretBytes {
        var phrase = Array(phrase.utf8)
        var salt = Array("mnemonic".utf8) + Array(NFKD.normalize(passphrase).utf8)
        defer {
            SecretBytes.wipe(&phrase)
            SecretBytes.wipe(&salt)
        }
        return phrase.withUnsafeBytes { phrase in
            salt.withUnsafeBytes { PBKDF2.deriveValidKey(password: phrase, salt: $0, iterations: 2048, length: 64) }
        }
    }
}

extension Mnemonic: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Mnemonic(\(entropy.count / 4 * 3) words, redacted)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
