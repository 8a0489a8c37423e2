/// Why an operation of this library refused its input.
@nonexhaustive
public enum CryptoError: Error, Equatable, Sendable {
    /// The named input has a length outside `range`, in bytes.
    case lengthOutOfRange(String, range: ClosedRange<Int>, actual: Int)
    /// The named number lies outside `range`.
    case parameterOutOfRange(String, range: ClosedRange<UInt64>, actual: UInt64)
    /// The system refused the memory that the password hash needs.
    case memoryRefused(bytes: Int)
    /// The bytes are not a sealed box, or are cut short.
    case notASealedBox
    /// A sealed box of a version that this library does not know.
    case sealedBoxVersionUnknown(UInt8)
    /// The password is wrong, or somebody changed the sealed bytes; the two cannot be told apart.
    case authenticationFailed
}

extension CryptoError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .lengthOutOfRange(let name, let range, let actual):
            if range.count == 1 {
                "expected \(name) of \(range.lowerBound) bytes, got \(actual)"
            } else {
                "expected \(name) of \(range.lowerBound) to \(range.upperBound) bytes, got \(actual)"
            }
        case .parameterOutOfRange(let name, let range, let actual):
            "expected \(name) from \(range.lowerBound) to \(range.upperBound), got \(actual)"
        case .memoryRefused(let bytes):
            "expected \(bytes) bytes of memory for the password hash, the system gave none: free memory and try again"
        case .notASealedBox:
            "expected sealed bytes, got something else or only a part: check that this is the right file and restore a copy"
        case .sealedBoxVersionUnknown(let version):
            "expected version 1 of the sealed form, got \(version): use a newer release of this software"
        case .authenticationFailed:
            "wrong password, or the sealed bytes were changed: try the password again, then a copy of the file"
        }
    }
}
