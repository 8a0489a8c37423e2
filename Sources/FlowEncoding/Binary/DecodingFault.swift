/// Why bytes could not be decoded. `offset` counts bytes from the start of the reader's input.
@nonexhaustive
public enum DecodingFault: Error, Equatable, Sendable {
    /// A field of `needed` bytes starts at `offset`, but only `available` bytes follow.
    case endOfInput(needed: Int, available: Int, offset: Int)
    /// The CompactSize at `offset` states this value in more bytes than it needs.
    case nonCanonicalCompactSize(UInt64, offset: Int)
    /// The count or length at `offset` is above what its field allows.
    case countAboveLimit(count: UInt64, limit: UInt64, offset: Int)
    /// The value ended at `offset`, but this many bytes follow it.
    case trailingBytes(Int, offset: Int)
    /// The field at `offset` has a form that the text describes and does not allow.
    case invalidValue(String, offset: Int)
}

extension DecodingFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .endOfInput(let needed, let available, let offset):
            "expected \(needed) bytes at offset \(offset), only \(available) left: the input is cut short"
        case .nonCanonicalCompactSize(let value, let offset):
            "expected the shortest CompactSize at offset \(offset), got a longer form of \(value): encode it canonically"
        case .countAboveLimit(let count, let limit, let offset):
            "expected a count of at most \(limit) at offset \(offset), got \(count): split the data"
        case .trailingBytes(let count, let offset):
            "expected the end of the input at offset \(offset), \(count) bytes follow: pass exactly one value"
        case .invalidValue(let text, let offset):
            "invalid value at offset \(offset): \(text)"
        }
    }
}
