import FlowTensor
import FlowTensorOpenBLAS
import Testing

@Suite struct BackendTests {
    static let backends: [any MatrixBackend] = [ReferenceBackend(), OpenBLASBackend()]

    @Test(arguments: [0, 1]) func conformance(index: Int) throws {
        try checkMatrixBackend(Self.backends[index])
    }
}
