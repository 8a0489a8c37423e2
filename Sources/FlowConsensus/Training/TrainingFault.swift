/// A replay that did not come to a verdict. The fault is local: no block and no peer is to blame.
@nonexhaustive
public enum TrainingFault: Error, Hashable, Sendable {
    case unreplayable(reason: String)
}

extension TrainingFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case let .unreplayable(reason): "the block's training could not be replayed here: \(reason)"
        }
    }
}
