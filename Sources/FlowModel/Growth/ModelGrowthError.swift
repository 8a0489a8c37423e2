/// Why one model cannot grow into another.
public enum ModelGrowthError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A size is not one that the present one can grow to.
    case size(name: String, from: Int, to: Int, allowed: String)
    /// The weights belong to a model of another shape.
    case stateShape(expected: Int, actual: Int)

    public var description: String {
        switch self {
        case .size(let name, let from, let to, let allowed):
            "\(name) cannot grow from \(from) to \(to), expected \(allowed); correct the stage in the network's parameters"
        case .stateShape(let expected, let actual):
            "the state has \(actual) weights, the growth expects \(expected); use the configuration that the weights were trained with"
        }
    }
}
