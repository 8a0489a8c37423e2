/// The 256 characters that stand for bytes in vocabularies of the `gpt2` kind: printable Latin-1 bytes stand for
/// themselves, the others are moved to U+0100 and up, in byte order.
enum ByteUnicode {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 256
        return (UInt32(0)..<256).map { byte in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            if isPrintable { return Unicode.Scalar(UInt8(byte)) }
            defer { next += 1 }
            return Unicode.Scalar(next) ?? "?"
        }
    }()

    /// The characters in UTF-8.
    static let utf8: [[UInt8]] = scalars.map { Array(String($0).utf8) }

    /// The byte for which a character stands, indexed by the character's code point below 0x144.
    private static let bytes: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = UInt8(byte) }
        return bytes
    }()

    /// Appends the bytes for which the characters of a token's text stand; false when one of them stands for none.
    static func append(_ text: ArraySlice<UInt8>, to result: inout [UInt8]) -> Bool {
        var decoder = UTF8()
        var iterator = text.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            guard scalar.value < 0x144, let byte = bytes[Int(scalar.value)] else { return false }
            result.append(byte)
        }
        return true
    }
}
