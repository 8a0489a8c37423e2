@testable import FlowTensor
import Foundation
import TestSupport
import Testing

/// What stands around cuBLAS, with plain loops in the GPU's place; and what happens without a GPU.
@Suite struct CUBLASTests {
    /// Multiplies staged bytes as `cublasGemmEx` is asked to: padded contiguous rows, sums in 32 bits that wrap.
    private final class LoopDevice: ByteProductDevice, @unchecked Sendable {
        private(set) var runs = 0
        /// The run at which the device is lost.
        private let failure: Int?
        /// Where given, the kernels round and scale, on this processor, and sums never leave the device.
        private let kernels: DeviceKernels?

        init(failsAtRun failure: Int? = nil, kernels: DeviceKernels? = nil) {
            self.failure = failure
            self.kernels = kernels
        }

        var rescales: Bool { kernels != nil }

        private var staged: (UnsafeMutableRawPointer, UnsafeMutableRawPointer)?

        deinit {
            staged?.0.deallocate()
            staged?.1.deallocate()
        }

        func stage(inputBytes: Int, outputBytes: Int) throws(CUDAFault) -> (
            input: UnsafeMutableRawPointer, output: UnsafeMutableRawPointer
        ) {
            staged?.0.deallocate()
            staged?.1.deallocate()
            let memory = (
                UnsafeMutableRawPointer.allocate(byteCount: max(inputBytes, 1), alignment: 64),
                UnsafeMutableRawPointer.allocate(byteCount: max(outputBytes, 1), alignment: 64)
            )
            // Whatever is not written must not be read.
            memory.0.initializeMemory(as: UInt8.self, repeating: 0x55, count: inputBytes)
            memory.1.initializeMemory(as: UInt8.self, repeating: 0xAA, count: outputBytes)
            staged = memory
            return memory
        }

        func run(_ work: ByteWork) throws(CUDAFault) {
            runs += 1
            if runs == failure { throw .callFailed(function: "cublasGemmEx", status: 13) }
            guard let (input, output) = staged else { throw .callFailed(function: "run before stage", status: 1) }
            #expect(work.rescales.isEmpty == (kernels == nil))
            let room = UnsafeMutableRawPointer.allocate(byteCount: max(work.sumBytes, 1), alignment: 64)
            defer { room.deallocate() }
            room.initializeMemory(as: UInt8.self, repeating: 0xAA, count: work.sumBytes)
            let sums = work.rescales.isEmpty ? output : room
            for p in work.products {
                for side in [p.m, p.n, p.k] { #expect(side % ByteProduct.grain == 0 && side > 0) }
                #expect(p.a + p.m * p.k <= work.inputBytes && p.b + p.n * p.k <= work.inputBytes && p.c + p.m * p.n * 4 <= work.sumBytes)
                let a = (input + p.a).assumingMemoryBound(to: Int8.self)
                let b = (input + p.b).assumingMemoryBound(to: Int8.self)
                let c = (sums + p.c).assumingMemoryBound(to: Int32.self)
                for row in 0..<p.m {
                    for column in 0..<p.n {
                        var sum: Int32 = 0
                        for place in 0..<p.k { sum &+= Int32(a[row * p.k + place]) &* Int32(b[column * p.k + place]) }
                        c[row * p.n + column] = sum
                    }
                }
            }
            for rescale in work.rescales {
                #expect(rescale.result + rescale.m * rescale.n * 4 <= work.outputBytes)
                try kernels?.rescale(rescale, input: address(input), sums: address(sums), output: address(output))
            }
        }

        private func address(_ memory: UnsafeMutableRawPointer) -> DevicePointer { UInt64(UInt(bitPattern: memory)) }
    }

    @Test func packingDigitsAndRoundingAreExact() throws {
        try checkMatrixBackend(CUBLASBackend(device: LoopDevice()))
    }

    @Test func roundingByTheDevicesKernelIsExact() throws {
        let device = LoopDevice(kernels: DeviceKernels(device: try ProcessorKernelDevice()))
        try checkMatrixBackend(CUBLASBackend(device: device))
        #expect(device.runs > 0)
    }

    /// A device whose kernel scales wrongly is refused.
    @Test func aWrongRescaleIsRefused() throws {
        let source = KernelSource.text.replacing("row_scale + column_scales", with: "row_scale - column_scales")
        let device = LoopDevice(kernels: DeviceKernels(device: try ProcessorKernelDevice(source)))
        #expect(throws: BackendFault.self) { try checkMatrixBackend(CUBLASBackend(device: device)) }
    }

    /// Loops with and without kernels, and the GPU where there is one.
    private func backends() throws -> [CUBLASBackend] {
        let kernels = DeviceKernels(device: try ProcessorKernelDevice())
        return [CUBLASBackend(device: LoopDevice()), CUBLASBackend(device: LoopDevice(kernels: kernels))] + GPU.all.map { _ in CUBLASBackend() }
    }

    @Test func randomProductsEqualTheReference() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        let backends = try backends()
        for round in 0..<60 {
            let layout = IntegerProduct.Layout.allCases[round % 3]
            let bits = [8, 2, 9, 13, 14, 15, 16][round % 7]
            let largest = GPU.all.isEmpty ? 70 : round % 5 == 0 ? 700 : 150
            let sides = (0..<3).map { _ in Int.random(in: 1...largest, using: &generator) }
            let material = ProductMaterial(
                layout, m: sides[0], n: sides[1], k: sides[2], bits: bits, gathered: round % 4 == 1, &generator)
            let expected = material.run(ReferenceBackend(), .single)
            for backend in backends {
                #expect(material.run(backend, ThreadPool(threads: 2)) == expected, "\(layout) \(sides), \(bits) bits, seed \(seed)")
            }
        }
        #expect(backends.allSatisfy { $0.obstacle == nil })
    }

    /// 131,072 products of ±127 in one sum.
    @Test func sumsAtTheLimitOf32BitsAreExact() throws {
        let (side, depth) = (3, 131_072)
        for sign: Int8 in [127, -127] {
            let a = [Int8](repeating: 127, count: side * depth), b = [Int8](repeating: sign, count: side * depth)
            let scales = [Int32](repeating: -20, count: side)
            for backend in try backends() {
                var result = [Float](repeating: .nan, count: side * side)
                result.withUnsafeMutableBufferPointer { result in
                    a.withUnsafeBufferPointer { a in
                        b.withUnsafeBufferPointer { b in
                            scales.withUnsafeBufferPointer { scales in
                                func operand(_ values: UnsafeBufferPointer<Int8>) -> IntegerOperand {
                                    IntegerOperand(values.baseAddress!, stride: depth, scales: scales.baseAddress!, scaleStride: 1)
                                }
                                backend.execute(
                                    [
                                        IntegerProduct(
                                            .nt, m: side, n: side, k: depth, a: operand(a), b: operand(b), output: result.baseAddress!,
                                            outputStride: side)
                                    ], pool: .single)
                            }
                        }
                    }
                }
                #expect(result == [Float](repeating: Float(127 * Int(sign) * depth) * 0x1p-40, count: side * side))
            }
        }
    }

    /// Backends of one process share a device and its staging memory.
    @Test func severalBackendsAtOnceGiveTheReferencesBits() async {
        await withTaskGroup(of: Bool.self) { group in
            for seed in 0..<8 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(seed))
                    let material = ProductMaterial(.nt, m: 30 + seed, n: 40, k: 50, bits: 12, gathered: false, &generator)
                    let expected = material.run(ReferenceBackend(), .single)
                    return (0..<50).allSatisfy { _ in material.run(CUBLASBackend(), .single) == expected }
                }
            }
            for await right in group { #expect(right) }
        }
    }

    /// A device that is lost: the same bits from the processor, and the reason is kept.
    @Test func aFailingDeviceLeavesTheWorkToTheProcessor() {
        var generator = SeededGenerator(seed: 5)
        let device = LoopDevice(failsAtRun: 2)
        let backend = CUBLASBackend(device: device)
        let material = ProductMaterial(.nt, m: 20, n: 30, k: 40, bits: 8, gathered: false, &generator)
        let expected = material.run(ReferenceBackend(), .single)
        for _ in 0..<3 { #expect(material.run(backend, .single) == expected) }
        #expect(device.runs == 2)
        #expect(backend.obstacle?.contains("cublasGemmEx returned status 13") == true)
        #expect(throws: BackendFault.self) { try checkMatrixBackend(backend) }
        // The fault of a first run on the way through the admission check counts too.
        #expect(throws: BackendFault.self) { try checkMatrixBackend(CUBLASBackend(device: LoopDevice(failsAtRun: 9))) }
    }

    @Test func withoutADeviceTheReasonIsNamed() throws {
        let backend = CUBLASBackend()
        guard let reason = backend.obstacle else {
            // A machine with a GPU: it must pass like any other.
            try checkMatrixBackend(backend)
            return
        }
        #expect(reason.contains("libcublas") || reason.contains("driver") || reason.contains("device") || reason.contains("libcuda"))
        #expect(throws: BackendFault.unavailable(backend: "cublas", reason: reason)) { try checkMatrixBackend(backend) }
        #expect(throws: BackendFault.self) { try BackendSelection.admission(of: "cublas") }
        // The processor still computes what is asked of it.
        var generator = SeededGenerator(seed: 6)
        let material = ProductMaterial(.tn, m: 5, n: 6, k: 7, bits: 12, gathered: false, &generator)
        let expected = material.run(ReferenceBackend(), .single)
        #expect(material.run(backend, .single) == expected)
    }
}
