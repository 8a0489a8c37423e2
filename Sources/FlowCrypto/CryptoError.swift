/// Why an operation of this library refused its input.
@nonexhaustive
public enum CryptoError: Error, Equatable, Sendable {
    /// The named input has a length outside `range`, in bytes.
    case lengthOutOfRange(String, range: ClosedRange<Int>, actual: Int)
    /// The operating system granted no guarded memory.
    case memoryRefused(bytes: Int)
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
        case .memoryRefused(let bytes):
            "expected \(bytes) bytes of memory, got none: free memory or raise the limit for locked memory (ulimit -l)"
        }
    }
}
