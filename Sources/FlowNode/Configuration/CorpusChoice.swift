/// Where a node's training text comes from.
public enum CorpusChoice: Sendable, Equatable {
    /// The synthetic corpus that is part of the software.
    case embedded
    /// All `.txt` files below a directory.
    case directory(String)

    /// For messages.
    var name: String {
        switch self {
        case .embedded: "the embedded corpus"
        case .directory(let path): "the corpus in \(path)"
        }
    }
}
