/// Why bytes or a delta are no model state.
public enum ModelStateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The byte count is not four times the number of parameters.
    case byteCount(expected: Int, actual: Int)
    /// A weight is not finite, exceeds 4 in magnitude, is not a multiple of 2^−20, or is a negative zero.
    case invalidWeight(tensor: String, index: Int, bits: UInt32)
    /// A delta is for another number of parameters.
    case deltaCount(expected: Int, actual: Int)
    /// Applying the delta would leave |w| ≤ 4.
    case deltaOutOfRange(tensor: String, index: Int)
    /// Two states of different shape were put together.
    case shapeMismatch
    /// Encoded delta bytes that do not parse.
    case malformedDelta(String)

    public var description: String {
        switch self {
        case .byteCount(let expected, let actual):
            "the model state has \(actual) bytes, expected \(expected); the file is truncated or belongs to another model shape"
        case .invalidWeight(let tensor, let index, let bits):
            "weight \(index) of \(tensor) is \(Float(bitPattern: bits)), expected a multiple of 2^-20 from -4 to 4; the state is damaged, fetch or replay it again"
        case .deltaCount(let expected, let actual):
            "the delta has \(actual) weights, expected \(expected); it belongs to another model shape"
        case .deltaOutOfRange(let tensor, let index):
            "the delta moves weight \(index) of \(tensor) beyond ±4; it does not belong to this state"
        case .shapeMismatch:
            "the two states have different shapes; load both with the same configuration"
        case .malformedDelta(let reason):
            "the encoded delta is malformed: \(reason)"
        }
    }
}
