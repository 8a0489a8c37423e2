public import FlowTensor
import FlowTensorOpenBLAS

/// Which implementation multiplies the integer matrices. All give the same bits.
public enum BackendChoice: String, Sendable, CaseIterable {
    /// The fastest that passes its admission test.
    case automatic
    case avx512vnni
    case avx2
    /// Own kernels in portable C.
    case portable
    case openBLAS = "openblas"
    /// An NVIDIA GPU through cuBLAS.
    case cuBLAS = "cublas"
    /// The plain Swift loops that define the arithmetic; slow.
    case reference

    /// Backends beyond FlowTensor's own. FlowTensor's kernels come before them in the automatic choice.
    public static var offered: [any MatrixBackend] { [OpenBLASBackend()] }

    /// Makes the backend, once it passed the adversarial test against the scalar reference; also says what was passed over.
    /// - Throws: `NodeError` with code `backend`
    public func admission() throws(NodeError) -> BackendAdmission {
        do {
            return try BackendSelection.admission(of: rawValue, offering: Self.offered)
        } catch {
            throw NodeError(.backend, "the backend \(rawValue) cannot be used here; choose another, or automatic", cause: error)
        }
    }
}
