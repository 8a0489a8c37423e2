/// A branch that does not answer as it should: a fault of the node, not of the block.
enum ChainContextFault: Error, Hashable, Sendable {
    case missingHeader(height: BlockHeight)
}

extension ChainContextFault: CustomStringConvertible {
    var description: String {
        switch self {
        case let .missingHeader(height):
            "the block index has no header at height \(height) of this branch; restart with a rebuilt index"
        }
    }
}
