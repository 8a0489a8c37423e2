import Foundation
import TestSupport
import Testing

@testable import FlowTensor

#if canImport(Glibc)
    import Glibc
#endif

private let compilerPath = ProcessInfo.processInfo.environment["FLOW_NVRTC"]

/// Everything between ``CUBLASBackend`` and a GPU: the libraries are found by their names, the driver is asked for a device, the real NVRTC compiles
/// the kernels, they are loaded, checked and launched. Only the device, its driver and cuBLAS are played by this processor, each time in a process of
/// its own, since a process has one first device.
@Suite(.enabled(if: compilerPath != nil, "FLOW_NVRTC names no libnvrtc; Tests/run.sh fetches it"))
struct CUDAPathTests {
    /// Loads the libraries under the names that the backend asks for.
    private static func playDevice(_ options: [String] = [], withCompiler: Bool = true) throws {
        let text = ProcessorKernelDevice.text(KernelSource.text, behind: ["driver.h"])
        _ = try ProcessorKernelDevice.load(text, options: options + ["-Wl,-soname,libcuda.so.1"])
        let cublas = try String(contentsOf: ProcessorKernelDevice.folder.appendingPathComponent("cublas.cpp"), encoding: .utf8)
        _ = try ProcessorKernelDevice.load(cublas, options: ["-Wl,-soname,libcublas.so.13"])
        if withCompiler { _ = try #require(dlopen(compilerPath, RTLD_NOW | RTLD_LOCAL)) }
    }

    private static func checkProducts() throws {
        let backend = CUBLASBackend()
        #expect(CUBLASBackend.deviceName == "a processor")
        try checkMatrixBackend(backend)
        var generator = SeededGenerator(seed: 11)
        for layout in IntegerProduct.Layout.allCases {
            let material = ProductMaterial(layout, m: 50, n: 70, k: 90, bits: 12, gathered: true, &generator)
            let expected = material.run(ReferenceBackend(), .single)
            #expect(material.run(backend, ThreadPool(threads: 2)) == expected)
        }
        #expect(backend.obstacle == nil)
    }

    @Test func theDeviceRoundsAndScales() async {
        await #expect(processExitsWith: .success) {
            try Self.playDevice()
            #expect(CUBLASBackend.kernelObstacle == nil)
            #expect(try CUBLASDevice.first.get().rescales)
            try Self.checkProducts()
        }
    }

    /// A device that flushes denormals: its kernels are refused, products go on without them.
    @Test func aDeviceWithOtherArithmeticKeepsItsProductsOnly() async {
        await #expect(processExitsWith: .success) {
            try Self.playDevice(["-DFLUSH_TO_ZERO"])
            #expect(CUBLASBackend.kernelObstacle?.contains("its kernels are not used") == true)
            #expect(try !CUBLASDevice.first.get().rescales)
            try Self.checkProducts()
        }
    }

    /// No NVRTC, or another than this one: products go on too.
    @Test func withoutACompilerProductsGoOn() async {
        await #expect(processExitsWith: .success) {
            try Self.playDevice(withCompiler: false)
            if let obstacle = CUBLASBackend.kernelObstacle { #expect(obstacle.contains("libnvrtc")) }
            try Self.checkProducts()
        }
    }
}
