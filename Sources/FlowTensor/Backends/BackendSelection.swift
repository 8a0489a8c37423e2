/// Chooses among the backends of this process.
///
/// FlowTensor knows the reference, its own kernels and cuBLAS; others (OpenBLAS) are offered by the caller, the faster first. There is one way to a
/// backend, by name or by speed: it passes `checkMatrixBackend`, and the pointwise kernels that stand beside it pass `checkCanonicalOperations`.
///
/// <!-- given configuration: ModelConfiguration -->
/// ```swift
/// let admission = try BackendSelection.admission(offering: [OpenBLASBackend()])
/// for fault in admission.passedOver { print("warning: \(fault)") }
/// let trainer = Trainer(configuration: configuration, backend: admission.backend)
/// ```
public enum BackendSelection {
    /// The name that stands for the fastest backend.
    public static let automatic = "automatic"

    /// What became of one candidate.
    public struct Availability: Sendable {
        public let name: String
        /// The backend, admitted, or nil.
        public let backend: (any MatrixBackend)?
        /// Why it is not available.
        public let reason: String?

        public var isAvailable: Bool { backend != nil }
    }

    /// The backend of that name, or the fastest one that passes: AVX-512 VNNI, AVX2 or NEON, then cuBLAS and those offered in their order, portable C, the
    /// reference.
    ///
    /// A backend that was named and fails is refused. Pointwise kernels of an instruction set that disagree with the reference give way to the portable ones, in
    /// either case; ``BackendAdmission/passedOver`` says so.
    /// - Throws: `BackendFault.unknown`, `.unavailable`, or the fault that a check found where nothing else can take its place.
    public static func admission(
        of name: String = automatic, offering others: [any MatrixBackend] = []
    ) throws(BackendFault) -> BackendAdmission {
        let candidates = candidates(others)
        let wanted = name == automatic ? candidates : candidates.filter { $0.name == name }
        guard !wanted.isEmpty else { throw .unknown(name: name, known: candidates.map(\.name)) }
        return try BackendAdmission(
            of: wanted.map(\.backend), checkOperations: checkCanonicalOperations,
            usePortable: { InstructionSet.select(forPointwise: .portable) })
    }

    /// Every candidate, each with the reason if it cannot be used.
    public static func list(offering others: [any MatrixBackend] = []) -> [Availability] {
        candidates(others).map { candidate in
            do throws(BackendFault) {
                return Availability(
                    name: candidate.name, backend: try admission(of: candidate.name, offering: others).backend, reason: nil)
            } catch {
                return Availability(name: candidate.name, backend: nil, reason: error.description)
            }
        }
    }

    private struct Candidate {
        let name: String
        let backend: Result<any MatrixBackend, BackendFault>

        init(_ set: InstructionSet) {
            name = set.description
            do throws(BackendFault) { backend = .success(try SIMDBackend(set)) } catch { backend = .failure(error) }
        }

        init(_ backend: any MatrixBackend) {
            name = backend.name
            self.backend = .success(backend)
        }
    }

    /// The fastest first. Products through a GPU pay a transfer each, so they come behind the processor's kernels.
    private static func candidates(_ others: [any MatrixBackend]) -> [Candidate] {
        [InstructionSet.avx512vnni, .avx2, .neon].map { Candidate($0) } + [CUBLASBackend() as any MatrixBackend].map { Candidate($0) }
            + others.map { Candidate($0) } + [Candidate(.portable), Candidate(ReferenceBackend())]
    }
}
