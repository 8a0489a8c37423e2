/// Why a set of sizes is no model, or no model that another can grow into. `field` says which size it is and where it stands.
@nonexhaustive
public enum ModelShapeError: Error, Hashable, Sendable {
    case outOfRange(field: String, least: UInt64, most: UInt64, actual: UInt64)
    case notDivisible(field: String, divisor: UInt64, actual: UInt64)
    case notPowerOfTwo(field: String, actual: UInt64)
    case tooFewTokensPerExpert(needed: UInt64, actual: UInt64)
    /// A size to which the smaller model cannot grow.
    case growth(field: String, expected: String, actual: UInt64)

    static func check<Bound: UnsignedInteger & FixedWidthInteger>(
        _ field: String, _ actual: UInt64, _ allowed: ClosedRange<Bound>
    ) throws(ModelShapeError) {
        let (least, most) = (UInt64(allowed.lowerBound), UInt64(allowed.upperBound))
        guard actual >= least, actual <= most else {
            throw .outOfRange(field: field, least: least, most: most, actual: actual)
        }
    }

    static func check(_ field: String, _ actual: UInt32, multipleOf divisor: UInt32) throws(ModelShapeError) {
        guard divisor > 0, actual % divisor == 0 else {
            throw .notDivisible(field: field, divisor: UInt64(divisor), actual: UInt64(actual))
        }
    }
}

extension ModelShapeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case let .outOfRange(field, least, most, actual):
            "\(field) is \(actual), expected \(least) to \(most); correct it in the network's parameters"
        case let .notDivisible(field, divisor, actual):
            "\(field) is \(actual), expected a multiple of \(divisor); correct it in the network's parameters"
        case let .notPowerOfTwo(field, actual):
            "\(field) is \(actual), expected a power of two; correct it in the network's parameters"
        case let .tooFewTokensPerExpert(needed, actual):
            "a step gives an expert \(actual) tokens on average, expected at least \(needed); use a larger batch, a longer "
                + "context or fewer experts"
        case let .growth(field, expected, actual):
            "\(field) is \(actual), expected \(expected); correct the stage in the network's parameters"
        }
    }
}
