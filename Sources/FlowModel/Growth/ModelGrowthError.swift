public import FlowTraining

/// Why one model cannot grow into another.
public enum ModelGrowthError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A size is not one that the present one can grow to.
    case shape(ModelShapeError)
    /// The vocabulary never grows.
    case vocabulary(from: Int, to: Int)
    /// The weights belong to a model of another shape.
    case stateShape(expected: Int, actual: Int)

    public var description: String {
        switch self {
        case .shape(let error):
            "\(error)"
        case .vocabulary(let from, let to):
            "the vocabulary cannot grow from \(from) to \(to) tokens; make both configurations with the same"
        case .stateShape(let expected, let actual):
            "the state has \(actual) weights, the growth expects \(expected); use the configuration that the weights were trained with"
        }
    }
}
