/// Why a key could not be derived.
@nonexhaustive
public enum DerivationError: Error, Equatable, Sendable {
    /// A seed has 16 to 64 bytes.
    case seedLengthInvalid(Int)
    /// The path does not begin with `m`, or this part of it is not a number with a mark for hardened.
    case pathInvalid(String)
    /// Ed25519 knows hardened derivation only: this part of the path lacks its mark.
    case notHardened(String)
    /// An index is below 2³¹.
    case indexOutOfRange(UInt64)
    /// A path has at most 255 parts.
    case pathTooLong(Int)
}

extension DerivationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .seedLengthInvalid(let count): "expected a seed of 16 to 64 bytes, got \(count)"
        case .pathInvalid(let part): "expected a path such as m/44'/9555'/0'/0'/0', got the part \"\(part)\""
        case .notHardened(let part): "expected a hardened part, got \"\(part)\": write \"\(part)'\""
        case .indexOutOfRange(let index): "expected an index below 2147483648, got \(index)"
        case .pathTooLong(let count): "expected at most 255 parts in the path, got \(count)"
        }
    }
}
