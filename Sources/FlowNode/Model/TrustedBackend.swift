import FlowTensor
import Synchronization

/// The backend that replay and mining compute with. Once it disagreed with the portable kernels they take its place, for as long as
/// the process lives: a node goes on, slower, instead of stopping.
final class TrustedBackend: Sendable {
    private let chosen: any MatrixBackend
    /// Kernels that share nothing with the backend's but the arithmetic: for a second opinion.
    let portable: any MatrixBackend
    private let distrusted = Mutex(false)

    /// Checked once a process.
    private static let admitted: any MatrixBackend = (try? BackendSelection.admission(of: "portable"))?.backend ?? ReferenceBackend()

    init(_ backend: any MatrixBackend) {
        chosen = backend
        portable = Self.admitted
    }

    var current: any MatrixBackend { isDistrusted ? portable : chosen }
    var isDistrusted: Bool { distrusted.withLock { $0 } }

    /// Where the portable kernels are what was chosen there is nobody to take their place.
    func distrust() {
        guard chosen.name != portable.name else { return }
        distrusted.withLock { $0 = true }
    }
}
