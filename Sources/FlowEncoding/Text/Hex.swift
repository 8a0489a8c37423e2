/// Hexadecimal text, two digits a byte, most significant digit first.
public enum Hex {
    /// Lower-case digits of `bytes`.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            var position = 0
            for byte in bytes {
                buffer[position] = digit(byte >> 4)
                buffer[position + 1] = digit(byte & 15)
                position += 2
            }
            return position
        }
    }

    /// Lower-case digits of `bytes`.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Array(bytes)) }

    /// The bytes of a text in digits of either case, without prefix or spaces.
    public static func decode(_ text: String) throws(HexError) -> [UInt8] {
        let utf8 = text.utf8
        let count = utf8.count
        guard count % 2 == 0 else { throw .oddLength(count) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 2)
        var high: UInt8?
        var position = 0
        for character in utf8 {
            guard let value = value(character) else { throw .invalidDigit(character, position: position) }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
            position += 1
        }
        return bytes
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case 48...57: character - 48
        case 65...70: character - 55
        case 97...102: character - 87
        default: nil
        }
    }
}
