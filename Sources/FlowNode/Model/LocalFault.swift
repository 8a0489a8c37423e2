import FlowCrypto
import FlowModel

/// This machine failed while it judged a block: no block and no peer is blamed, and the block is tried again.
enum LocalFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The own starting weights are not those that the chain agreed on.
    case weights(expected: Hash256, actual: Hash256)
    /// The backend and the portable kernels disagree.
    case backend(name: String, step: Int, portable: Hash256?, accelerated: Hash256?)
    /// The corpus cannot be read or is damaged.
    case corpus(String)
    /// The memory is not enough, and the like.
    case environment(String)

    init(_ error: any Error) {
        self = switch error {
        case let fault as LocalFault: fault
        case let error as CorpusError: .corpus("\(error)")
        case StepFault.corpus(let reason): .corpus(reason)
        default: .environment("\(error)")
        }
    }

    var description: String {
        switch self {
        case .weights(let expected, let actual):
            "the weights in memory have root \(actual), the chain says \(expected); they are loaded again, check the memory of this machine"
        case .backend(let name, let step, let portable, let accelerated):
            "the backend \(name) computed \(accelerated.map { "\($0)" } ?? "no digest") for step \(step), the portable kernels \(portable.map { "\($0)" } ?? "none"); check this machine and choose another backend"
        case .corpus(let reason), .environment(let reason): reason
        }
    }
}
