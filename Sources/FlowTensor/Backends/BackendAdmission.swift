/// A backend that passed its check together with the pointwise kernels in use, and what did not on the way.
public struct BackendAdmission: Sendable {
    public let backend: any MatrixBackend
    /// What this processor has but was passed over because it failed its check, in the order in which it was tried. The bits are right without it;
    /// people should hear of it all the same: it is a fault of this machine, of a library or of a build, and training is slower.
    public let passedOver: [BackendFault]

    /// One candidate after the other until one passes.
    ///
    /// - Parameters:
    ///   - candidates: the fastest first; one that is not here (`BackendFault.unavailable`) is no fault.
    ///   - checkOperations: compares the pointwise kernels in use, as `checkCanonicalOperations` does.
    ///   - usePortable: puts the portable pointwise kernels in their place.
    /// - Throws: the fault of the portable pointwise kernels, or of the last candidate.
    init(
        of candidates: [Result<any MatrixBackend, BackendFault>],
        checkOperations: () throws(BackendFault) -> Void, usePortable: () -> Void
    ) throws(BackendFault) {
        var passedOver: [BackendFault] = []
        do throws(BackendFault) {
            try checkOperations()
        } catch {
            passedOver.append(error)
            usePortable()
            try checkOperations()
        }
        var last = BackendFault.unavailable(backend: BackendSelection.automatic, reason: "no backend was offered")
        for candidate in candidates {
            do throws(BackendFault) {
                let backend = try candidate.get()
                try checkMatrixBackend(backend)
                self.init(backend: backend, passedOver: passedOver)
                return
            } catch {
                last = error
                if case .unavailable = error { continue }
                passedOver.append(error)
            }
        }
        throw last
    }

    private init(backend: any MatrixBackend, passedOver: [BackendFault]) {
        self.backend = backend
        self.passedOver = passedOver
    }
}
