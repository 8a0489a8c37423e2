/// Why a session could not go on.
@nonexhaustive
public enum InferenceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is nothing to go on from.
    case emptyPrompt
    /// A token id outside the vocabulary.
    case tokenOutOfRange(token: Int, vocabularySize: Int)
    /// More tokens than the session has room for.
    case contextFull(needed: Int, capacity: Int)
    /// The caller asked to stop.
    case cancelled
    /// The model gave no finite logit: its weights are damaged.
    case nonFiniteLogits(position: Int)

    public var description: String {
        switch self {
        case .emptyPrompt: "the prompt is empty: give at least one token"
        case .tokenOutOfRange(let token, let size): "token \(token) is outside the vocabulary of \(size) tokens"
        case .contextFull(let needed, let capacity):
            "the context has room for \(capacity) tokens, \(needed) are needed; shorten the prompt or use a larger context"
        case .cancelled: "cancelled"
        case .nonFiniteLogits(let position):
            "the model gives no finite numbers at position \(position): its weights are damaged; fetch or export the file again"
        }
    }
}
