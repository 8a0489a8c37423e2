import FlowTensor
import TestSupport
import Testing

@testable import FlowTensorCUDA

/// The GPU of this machine. Where there is none, tests over ``all`` have no case, and plain loops and the processor stand in elsewhere.
enum GPU {
    static let all: [CUBLASDevice] = (try? CUBLASDevice.first.get()).map { [$0] } ?? []

    /// Its kernels, or the reason why they were refused.
    static func kernels(_ gpu: CUBLASDevice) throws -> DeviceKernels {
        if let kernels = gpu.kernels { return kernels }
        throw gpu.kernelFault ?? .noDevice
    }
}

extension CUBLASDevice: CustomTestStringConvertible {
    package var testDescription: String { name }
}
