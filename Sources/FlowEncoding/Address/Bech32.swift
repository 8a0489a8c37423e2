/// Bech32 (BIP-173) and bech32m (BIP-350): a prefix, groups of five bits and a checksum that finds typing errors.
public enum Bech32 {
    /// Which constant the checksum ends in.
    public enum Variant: Hashable, Sendable, CaseIterable {
        /// BIP-173, constant 1.
        case bech32
        /// BIP-350, constant 0x2bc830a3.
        case bech32m
        var constant: UInt32 { self == .bech32 ? 1 : 0x2bc8_30a3 }
    }

    /// What a text decodes to: the prefix in lower case, the data without checksum, and the checksum's variant.
    public typealias Decoded = (hrp: String, values: [UInt8], variant: Variant)

    /// Longest text that BIP-173 allows.
    public static let maximumLength = 90

    static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    static let valueOfCharacter: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 128)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// The text of `values` (five bits each) under the prefix `hrp`, in lower case.
    public static func encode(hrp: String, values: [UInt8], variant: Variant) throws(Bech32Error) -> String {
        let prefix = Array(hrp.utf8)
        let length = prefix.count + 7 + values.count
        guard length <= maximumLength else { throw .tooLong(length: length, limit: maximumLength) }
        guard !prefix.isEmpty else { throw .prefixEmpty }
        for (position, character) in prefix.enumerated() {
            guard (33...126).contains(character) else { throw .characterOutOfRange(character, position: position) }
            guard !(65...90).contains(character) else { throw .mixedCase }
        }
        for value in values where value > 31 { throw .valueOutOfRange(value, bits: 5) }
        let sum = polymod(expand(prefix) + values + [0, 0, 0, 0, 0, 0]) ^ variant.constant
        let checksum = (0..<6).map { UInt8(truncatingIfNeeded: sum >> UInt32(5 * (5 - $0)) & 31) }
        let text = prefix + [0x31] + (values + checksum).map { alphabet[Int($0)] }
        return String(decoding: text, as: UTF8.self)
    }

    /// Takes a text apart and checks its checksum; the caller decides whether the variant is the right one.
    public static func decode(_ text: String) throws(Bech32Error) -> Decoded {
        try decode(utf8: Array(text.utf8))
    }

    /// As `decode(_:)`, for bytes that need not be valid UTF-8.
    public static func decode(utf8 text: [UInt8]) throws(Bech32Error) -> Decoded {
        guard text.count <= maximumLength else { throw .tooLong(length: text.count, limit: maximumLength) }
        var lower = text
        var hasUpper = false
        var hasLower = false
        for (position, character) in text.enumerated() {
            guard (33...126).contains(character) else { throw .characterOutOfRange(character, position: position) }
            if (65...90).contains(character) {
                hasUpper = true
                lower[position] = character + 32
            } else if (97...122).contains(character) {
                hasLower = true
            }
        }
        guard !(hasUpper && hasLower) else { throw .mixedCase }
        guard let separator = lower.lastIndex(of: 0x31) else { throw .separatorMissing }
        guard separator > 0 else { throw .prefixEmpty }
        let tail = lower.count - separator - 1
        guard tail >= 6 else { throw .checksumTooShort(tail) }
        var values: [UInt8] = []
        for position in (separator + 1)..<lower.count {
            let value = valueOfCharacter[Int(lower[position])]
            guard value < 32 else { throw .dataCharacterInvalid(lower[position], position: position) }
            values.append(value)
        }
        let prefix = Array(lower[..<separator])
        let sum = polymod(expand(prefix) + values)
        guard let variant = Variant.allCases.first(where: { $0.constant == sum }) else { throw .checksumMismatch }
        return (String(decoding: prefix, as: UTF8.self), Array(values.dropLast(6)), variant)
    }

    /// Regroups bits, most significant first, from groups of `from` bits to groups of `to` bits (1 to 8 each).
    /// With `padding`, zero bits fill the last group; without, what is left over must be fewer than `from` zero bits.
    static func convertBits(
        _ values: [UInt8], from: Int, to: Int, padding: Bool
    ) throws(Bech32Error) -> [UInt8] {
        precondition((1...8).contains(from) && (1...8).contains(to), "groups have 1 to 8 bits")
        var accumulator: UInt32 = 0
        var bits = 0
        var result: [UInt8] = []
        let mask = UInt32(1) << UInt32(to) - 1
        for value in values {
            guard UInt32(value) >> UInt32(from) == 0 else { throw .valueOutOfRange(value, bits: from) }
            accumulator = (accumulator << UInt32(from) | UInt32(value)) & 0xffff
            bits += from
            while bits >= to {
                bits -= to
                result.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits) & mask))
            }
        }
        let rest = accumulator << UInt32(to - bits) & mask
        if padding {
            if bits > 0 { result.append(UInt8(truncatingIfNeeded: rest)) }
        } else if bits >= from || rest != 0 {
            throw .paddingInvalid
        }
        return result
    }

    private static func expand(_ prefix: [UInt8]) -> [UInt8] {
        prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 }
    }

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        var sum: UInt32 = 1
        for value in values {
            let top = sum >> 25
            sum = (sum & 0x1ff_ffff) << 5 ^ UInt32(value)
            if top & 1 != 0 { sum ^= 0x3b6a_57b2 }
            if top & 2 != 0 { sum ^= 0x2650_8e6d }
            if top & 4 != 0 { sum ^= 0x1ea1_19fa }
            if top & 8 != 0 { sum ^= 0x3d42_33dd }
            if top & 16 != 0 { sum ^= 0x2a14_62b3 }
        }
        return sum
    }
}
