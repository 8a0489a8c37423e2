import TestSupport
import Testing

@testable import FlowTensor

/// The GPU of this machine. Tests run on plain loops and the processor's build of the kernels, and on it where there is one.
enum GPU {
    static let all: [CUBLASDevice] = (try? CUBLASDevice.first.get()).map { [$0] } ?? []

    /// Its kernels, or the reason why they were refused.
    static func kernels(_ gpu: CUBLASDevice) throws -> DeviceKernels {
        if let kernels = gpu.kernels { return kernels }
        throw gpu.kernelFault ?? .noDevice
    }
}
