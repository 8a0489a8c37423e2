/// Why numbers could not be quantised. Either makes a training step invalid (`Documentation/Protocol/Arithmetic.md`).
@nonexhaustive
public enum QuantiserFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// A NaN or an infinity stands among the numbers.
    case nonFinite
    /// The scale exponent would be above the range; `40` is the largest allowed.
    case exponentAboveRange(Int)

    public var description: String {
        switch self {
        case .nonFinite:
            "expected finite numbers, found a NaN or an infinity: this step is invalid; start the trajectory from other inputs"
        case .exponentAboveRange(let exponent):
            "expected a scale exponent of at most \(Quantiser.largestExponent), found \(exponent): the numbers are too large, and this step is invalid"
        }
    }
}
