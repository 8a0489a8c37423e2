/// Why a training step has no result. A fault ends the trajectory: that step and those after it are no tickets.
public enum StepFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// A NaN or an infinity reached a quantiser or an exact sum.
    case notFinite(stage: String)
    /// Numbers too large for the quantiser's range of exponents.
    case exponentAboveRange(stage: String, exponent: Int)
    /// The batch does not fit the trainer.
    case batchShape(expectedWindows: Int, expectedContext: Int, windows: Int, context: Int)
    /// A token id beyond the vocabulary.
    case tokenOutOfRange(token: Int, vocabulary: Int)
    /// The state's shape is not the trainer's.
    case stateShape(expected: Int, actual: Int)
    /// The caller cancelled between two steps.
    case cancelled
    /// The batch could not be read from the corpus.
    case corpus(String)

    /// True for faults of the mathematics, which every honest node meets at the same step; false for faults of the
    /// caller or the machine.
    public var isConsensus: Bool {
        switch self {
        case .notFinite, .exponentAboveRange: true
        case .batchShape, .tokenOutOfRange, .stateShape, .cancelled, .corpus: false
        }
    }

    public var description: String {
        switch self {
        case .notFinite(let stage):
            "the step is invalid: a number that is not finite in \(stage); this trajectory earns no ticket, start the next one"
        case .exponentAboveRange(let stage, let exponent):
            "the step is invalid: numbers near 2^\(exponent) in \(stage), beyond the quantiser's range; this trajectory earns no ticket, start the next one"
        case .batchShape(let expectedWindows, let expectedContext, let windows, let context):
            "the batch has \(windows) windows of \(context), expected at most \(expectedWindows) of \(expectedContext); sample it with the trainer's configuration"
        case .tokenOutOfRange(let token, let vocabulary):
            "token \(token) is beyond the vocabulary of \(vocabulary)"
        case .stateShape(let expected, let actual):
            "the state has \(actual) weights, the trainer expects \(expected); make both from one configuration"
        case .cancelled:
            "the trajectory was cancelled"
        case .corpus(let reason):
            "the batch could not be read: \(reason)"
        }
    }
}
