/// Why a text is not the hexadecimal form that was asked for.
@nonexhaustive
public enum HexError: Error, Equatable, Sendable {
    /// Two digits make a byte; the text has an odd number of them.
    case oddLength(Int)
    /// The UTF-8 byte at `position` is none of 0–9, a–f, A–F.
    case invalidDigit(UInt8, position: Int)
    /// A field of `expected` bytes came with `actual` bytes.
    case wrongLength(expected: Int, actual: Int)
}

extension HexError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .oddLength(let count):
            "expected two hex digits for each byte, got \(count) digits: a digit is missing or too many"
        case .invalidDigit(let byte, let position):
            "expected a hex digit at position \(position), got byte \(byte): use 0-9 and a-f only"
        case .wrongLength(let expected, let actual):
            "expected \(expected * 2) hex digits, got \(actual * 2)"
        }
    }
}
