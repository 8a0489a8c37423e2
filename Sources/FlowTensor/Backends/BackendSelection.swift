/// Chooses among the backends of this process.
///
/// FlowTensor knows the reference, its own kernels and cuBLAS; others (OpenBLAS) are offered by the caller, the faster first:
/// `BackendSelection.automatic(offering: [OpenBLASBackend()])`. A backend is used only after `checkMatrixBackend` admitted it.
public enum BackendSelection {
    /// What became of one candidate.
    public struct Availability: Sendable {
        public let name: String
        /// The backend, admitted, or nil.
        public let backend: (any MatrixBackend)?
        /// Why it is not available.
        public let reason: String?

        public var isAvailable: Bool { backend != nil }
    }

    /// The fastest backend that passes its admission check: AVX-512 VNNI, AVX2 or NEON, then cuBLAS and those offered in their order, portable C, the reference.
    ///
    /// The pointwise kernels are checked too; those of an instruction set that disagrees with the reference give way to the portable ones.
    public static func automatic(offering others: [any MatrixBackend] = []) -> any MatrixBackend {
        do throws(BackendFault) {
            try checkCanonicalOperations()
        } catch {
            InstructionSet.select(forPointwise: .portable)
        }
        for set in [InstructionSet.avx512vnni, .avx2, .neon] {
            if let backend = try? admitted(SIMDBackend(set)) { return backend }
        }
        for backend in withAccelerators(others) { if let backend = try? admitted(backend) { return backend } }
        if let backend = try? admitted(SIMDBackend(.portable)) { return backend }
        return ReferenceBackend()
    }

    /// The backend of that name, or `automatic`.
    /// - Throws: `BackendFault.unknown`, `.unavailable`, or the fault that its admission check found.
    public static func backend(
        named name: String, offering others: [any MatrixBackend] = []
    ) throws(BackendFault) -> any MatrixBackend {
        if name == "automatic" { return automatic(offering: others) }
        if name == "reference" { return ReferenceBackend() }
        for set in InstructionSet.allCases where set.description == name { return try admitted(SIMDBackend(set)) }
        for backend in withAccelerators(others) where backend.name == name { return try admitted(backend) }
        throw .unknown(name: name, known: names(others))
    }

    /// Every candidate, each with the reason if it cannot be used.
    public static func list(offering others: [any MatrixBackend] = []) -> [Availability] {
        names(others).map { name in
            do throws(BackendFault) {
                return Availability(name: name, backend: try backend(named: name, offering: others), reason: nil)
            } catch {
                return Availability(name: name, backend: nil, reason: error.description)
            }
        }
    }

    /// The backend itself, once it passed `checkMatrixBackend`.
    public static func admitted(_ backend: any MatrixBackend) throws(BackendFault) -> any MatrixBackend {
        try checkMatrixBackend(backend)
        return backend
    }

    /// Products through a GPU pay a transfer each, so they come behind the processor's kernels.
    private static func withAccelerators(_ others: [any MatrixBackend]) -> [any MatrixBackend] { [CUBLASBackend()] + others }

    private static func names(_ others: [any MatrixBackend]) -> [String] {
        InstructionSet.allCases.reversed().map(\.description) + withAccelerators(others).map(\.name) + ["reference"]
    }
}
