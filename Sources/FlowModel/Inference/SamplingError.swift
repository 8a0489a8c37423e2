/// A parameter of sampling or generation that is outside its range.
@nonexhaustive
public enum SamplingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `parameter` must be `expected`, and is `actual`.
    case outOfRange(parameter: String, expected: String, actual: String)
    /// A bias for a token that the vocabulary does not have.
    case biasOutsideVocabulary(token: Int, vocabularySize: Int)

    public var description: String {
        switch self {
        case .outOfRange(let parameter, let expected, let actual): "\(parameter) must be \(expected), not \(actual)"
        case .biasOutsideVocabulary(let token, let size):
            "logit_bias names token \(token); the vocabulary has tokens 0 to \(size - 1)"
        }
    }

    /// The parameter at fault, in the spelling of the OpenAI interface.
    public var parameter: String {
        switch self {
        case .outOfRange(let parameter, _, _): parameter
        case .biasOutsideVocabulary: "logit_bias"
        }
    }
}
