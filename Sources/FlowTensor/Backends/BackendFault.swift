/// Why a backend cannot be used.
@nonexhaustive
public enum BackendFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// A result differs from the scalar reference. Bits of the two numbers at an output's row and column.
    case wrongResult(backend: String, check: String, row: Int, column: Int, expected: UInt32, actual: UInt32)
    /// Memory outside the output was written.
    case wroteOutside(backend: String, check: String)
    /// The backend leaves the calling thread in another floating-point state than it was called in.
    case changedFloatingPoint(backend: String)
    /// The processor's floating point, or a pointwise kernel, gives other bits than the specification.
    case wrongArithmetic(operation: String, expected: UInt32, actual: UInt32)
    /// The processor or a library is missing.
    case unavailable(backend: String, reason: String)
    /// No backend has this name.
    case unknown(name: String, known: [String])

    public var description: String {
        switch self {
        case .wrongResult(let backend, let check, let row, let column, let expected, let actual):
            """
            backend \(backend) failed its admission check '\(check)': expected bits 0x\(String(expected, radix: 16)) at row \(row), \
            column \(column), found 0x\(String(actual, radix: 16)); choose another backend, such as reference
            """
        case .wroteOutside(let backend, let check):
            "backend \(backend) failed its admission check '\(check)': it wrote outside its output; choose another backend, such as reference"
        case .wrongArithmetic(let operation, let expected, let actual):
            """
            \(operation): expected bits 0x\(String(expected, radix: 16)), found 0x\(String(actual, radix: 16)); this processor, or what emulates it, \
            does not compute as IEEE 754 says, or these kernels were compiled wrongly; results would not match other machines
            """
        case .changedFloatingPoint(let backend):
            """
            backend \(backend) left the processor rounding, flushing or trapping otherwise than before; choose another backend, such as \
            reference
            """
        case .unavailable(let backend, let reason):
            "backend \(backend) is not available: \(reason); choose another one or automatic"
        case .unknown(let name, let known):
            "no backend is called '\(name)'; known are \(known.joined(separator: ", ")) and automatic"
        }
    }
}
