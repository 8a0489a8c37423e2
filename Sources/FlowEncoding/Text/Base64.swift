/// Base64 with padding (RFC 4648, section 4): one text for each list of bytes, and no other is read.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// The text of `bytes`.
    public static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let word = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset) }
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[Int(word >> UInt32(18 - 6 * place) & 63)] : padding)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a text; other characters, missing padding and bits that stand for nothing throw `invalidValue`.
    public static func decode(_ text: String) throws(DecodingFault) -> [UInt8] {
        let characters = Array(text.utf8)
        guard characters.count % 4 == 0 else {
            throw .invalidValue("base64 has a multiple of four characters, got \(characters.count)", offset: characters.count)
        }
        let digits = characters.count - characters.suffix(2).count { $0 == padding }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits * 3 / 4)
        var (word, bits) = (UInt32(0), 0)
        for (offset, character) in characters.prefix(digits).enumerated() {
            guard let value = value(character) else { throw .invalidValue("a character that base64 does not have", offset: offset) }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
            word &= 0xff
        }
        guard word & ((1 << UInt32(bits)) - 1) == 0 else { throw .invalidValue("bits behind the last byte", offset: digits) }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case 65...90: character - 65
        case 97...122: character - 71
        case 48...57: character + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
}
