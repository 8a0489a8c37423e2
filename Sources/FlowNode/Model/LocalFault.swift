import FlowCrypto

/// This machine failed while it judged a block: no block and no peer is blamed.
enum LocalFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The own starting weights are not those that the chain agreed on.
    case weights(expected: Hash256, actual: Hash256)
    /// The backend and the portable kernels disagree.
    case backend(name: String, step: Int, portable: Hash256?, accelerated: Hash256?)
    /// The corpus cannot be read, the memory is not enough, and the like.
    case environment(String)

    var description: String {
        switch self {
        case .weights(let expected, let actual):
            "the weights in memory have root \(actual), the chain says \(expected); restart the node so that it loads them again, and check the memory of this machine"
        case .backend(let name, let step, let portable, let accelerated):
            "the backend \(name) computed \(accelerated.map { "\($0)" } ?? "no digest") for step \(step), the portable kernels \(portable.map { "\($0)" } ?? "none"); choose another backend and check this machine"
        case .environment(let reason): reason
        }
    }
}
