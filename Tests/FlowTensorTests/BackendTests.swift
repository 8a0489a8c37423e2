import FlowTensor
import FlowTensorOpenBLAS
import Testing

@Suite struct BackendTests {
    static var backends: [any MatrixBackend] {
        var list: [any MatrixBackend] = [ReferenceBackend(), OpenBLASBackend(), SIMDBackend(writtenOut: ())]
        for set in InstructionSet.allCases { if let backend = try? SIMDBackend(set) { list.append(backend) } }
        return list
    }

    @Test func conformance() throws {
        for backend in Self.backends { #expect(throws: Never.self, "\(backend.name)") { try checkMatrixBackend(backend) } }
    }
}
