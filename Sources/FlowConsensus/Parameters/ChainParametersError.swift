import FlowTraining

/// Why a set of parameters cannot be a network.
@nonexhaustive
public enum ChainParametersError: Error, Hashable, Sendable {
    case outOfRange(field: String, least: UInt64, most: UInt64, actual: UInt64)
    case notDivisible(field: String, divisor: UInt64, actual: UInt64)
    case notPowerOfTwo(field: String, actual: UInt64)
    /// A text of the wrong length or with characters that it may not have.
    case invalidText(field: String, expected: String, actual: String)
    /// The bits are zero, negative, too large or not in their shortest form.
    case invalidTarget(bits: CompactTarget)
    /// The stages must start at height 0 and ascend.
    case learningRateStages(String)
    /// The heights must ascend, each model must grow out of the one before, each step cost must be stated.
    case growthStages(String)
    case tooFewLegalStarts(needed: UInt64, actual: UInt64)
    case tooFewTokensPerExpert(needed: UInt64, actual: UInt64)

    /// What is wrong with a model's sizes, as a fault of the parameters that name them.
    init(_ error: ModelShapeError) {
        self = switch error {
        case let .outOfRange(field, least, most, actual): .outOfRange(field: field, least: least, most: most, actual: actual)
        case let .notDivisible(field, divisor, actual): .notDivisible(field: field, divisor: divisor, actual: actual)
        case let .notPowerOfTwo(field, actual): .notPowerOfTwo(field: field, actual: actual)
        case let .tooFewTokensPerExpert(needed, actual): .tooFewTokensPerExpert(needed: needed, actual: actual)
        case let .growth(field, expected, actual): .growthStages("\(field) is \(actual), expected \(expected)")
        }
    }
}

extension ChainParametersError: CustomStringConvertible {
    public var description: String {
        switch self {
        case let .outOfRange(field, least, most, actual):
            "\(field) is \(actual), expected \(least) to \(most); change it in the network's file"
        case let .notDivisible(field, divisor, actual):
            "\(field) is \(actual), expected a multiple of \(divisor); change it in the network's file"
        case let .notPowerOfTwo(field, actual):
            "\(field) is \(actual), expected a power of two; change it in the network's file"
        case let .invalidText(field, expected, actual):
            "\(field) is \"\(actual)\", expected \(expected); change it in the network's file"
        case let .invalidTarget(bits):
            "powLimit is \(bits), expected a positive target of at most 256 bits in its shortest compact form, such as 2001ffff"
        case let .learningRateStages(reason):
            "training.peakLearningRate: \(reason)"
        case let .growthStages(reason):
            "growth: \(reason); change it in the network's file"
        case let .tooFewLegalStarts(needed, actual):
            "the corpus leaves \(actual) training windows, expected at least \(needed); use a longer corpus or a shorter context"
        case let .tooFewTokensPerExpert(needed, actual):
            "a step gives an expert \(actual) tokens on average, expected at least \(needed); use a larger batch, a longer "
                + "context or fewer experts"
        }
    }
}
