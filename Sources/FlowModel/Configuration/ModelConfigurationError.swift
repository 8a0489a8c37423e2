/// Why a set of sizes is no model.
public enum ModelConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A size lies outside what the arithmetic and the layout allow.
    case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)
    /// `value` must be a multiple of `divisor`.
    case notDivisible(name: String, value: Int, divisorName: String, divisor: Int)
    /// The head length must be a power of two of at least four (see the rotary table in Arithmetic.md).
    case headLength(Int)
    /// The balancing weight must be finite and not negative.
    case balancingWeight(Float)
    /// More parameters than this implementation addresses.
    case tooManyParameters(limit: Int)

    public var description: String {
        switch self {
        case .outOfRange(let name, let value, let allowed):
            "\(name) is \(value), expected \(allowed.lowerBound) to \(allowed.upperBound); correct it in the network's parameters"
        case .notDivisible(let name, let value, let divisorName, let divisor):
            "\(name) is \(value), expected a multiple of \(divisorName) (\(divisor)); correct it in the network's parameters"
        case .headLength(let value):
            "the head length (embeddingLength / headCount) is \(value), expected a power of two from 4 to 1024; change headCount or embeddingLength"
        case .balancingWeight(let value):
            "balancingWeight is \(value), expected a finite number from 0 to 1"
        case .tooManyParameters(let limit):
            "the sizes multiply to more than \(limit) parameters; make the model smaller"
        }
    }
}
