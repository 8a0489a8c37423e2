import TestSupport
import Testing

@testable import FlowTensor

/// A linear layer forward, back and updated by the device's kernels, without a number coming home in between: what a trainer on the device will
/// do, against the processor's own path. On this processor, and on the GPU where there is one.
@Suite struct ResidentLayerTests {
    /// One product of packed bytes on the device.
    typealias Multiply = (ByteProduct) throws -> Void

    /// The device's side.
    private struct Resident {
        let kernels: DeviceKernels
        let multiply: Multiply
        let memory: KernelCheckMemory
        let bits: Int
        let fault: DevicePointer

        struct Integers {
            var values: DevicePointer
            var scales: DevicePointer
            var scaleStride: Int
            /// Columns of the matrix in memory.
            var stride: Int
        }

        private var width: Int { bits <= 8 ? 1 : 2 }

        func rows(_ x: DevicePointer, _ rows: Int, _ columns: Int) throws -> Integers {
            let q = Integers(
                values: try memory.room(rows * columns * width), scales: try memory.room(4 * rows), scaleStride: 1, stride: columns)
            try kernels.quantiseRows(
                x, rows: rows, columns: columns, stride: columns, bits: bits, into: q.values, qStride: columns, scales: q.scales, fault: fault)
            return q
        }

        func columns(_ x: DevicePointer, _ rows: Int, _ columns: Int) throws -> Integers {
            let q = Integers(
                values: try memory.room(rows * columns * width), scales: try memory.room(4 * columns), scaleStride: 1, stride: columns)
            try kernels.quantiseColumns(
                x, rows: rows, columns: columns, stride: columns, bits: bits, into: q.values, qStride: columns, scales: q.scales,
                largest: try memory.room(4 * columns), fault: fault)
            return q
        }

        func matrix(_ x: DevicePointer, _ rows: Int, _ columns: Int) throws -> Integers {
            let q = Integers(values: try memory.room(rows * columns * width), scales: try memory.room(4), scaleStride: 0, stride: columns)
            try kernels.quantiseMatrices(
                x, count: rows * columns, matrices: 1, bits: bits, into: q.values, scales: q.scales, largest: try memory.room(4), fault: fault)
            return q
        }

        func product(_ layout: IntegerProduct.Layout, m: Int, n: Int, k: Int, _ a: Integers, _ b: Integers) throws -> DevicePointer {
            let digits = PackedProduct.digits(bits: bits)
            let (lines, columns, depth) = (ByteProduct.padded(m), ByteProduct.padded(n), ByteProduct.padded(k))
            let left = try memory.room(digits * lines * depth), right = try memory.room(digits * columns * depth)
            try kernels.pack(
                a.values, bits: bits, contractedRows: layout == .tn, lines: m, depth: k, stride: a.stride, digits: digits, into: left)
            try kernels.pack(
                b.values, bits: bits, contractedRows: layout != .nt, lines: n, depth: k, stride: b.stride, digits: digits, into: right)
            let sums = try memory.room(4 * digits * digits * lines * columns)
            for i in 0..<digits {
                for j in 0..<digits {
                    try multiply(
                        ByteProduct(
                            m: lines, n: columns, k: depth, a: Int(left) + i * lines * depth, b: Int(right) + j * columns * depth,
                            c: Int(sums) + 4 * (i * digits + j) * lines * columns))
                }
            }
            let result = try memory.floats(m * n)
            try kernels.rescale(
                sums, plane: lines * columns, sumsStride: columns, leftDigits: digits, rightDigits: digits, rowScales: a.scales,
                rowScaleStride: a.scaleStride, columnScales: b.scales, columnScaleStride: b.scaleStride, rows: m, columns: n, into: result,
                stride: n)
            return result
        }
    }

    /// In cuBLAS's place on this processor; offsets are addresses.
    private static func loop(_ product: ByteProduct) {
        func pointer<Value>(_ address: Int, _ type: Value.Type) -> UnsafeMutablePointer<Value> {
            UnsafeMutableRawPointer(bitPattern: address)!.assumingMemoryBound(to: type)
        }
        let a = pointer(product.a, Int8.self), b = pointer(product.b, Int8.self), c = pointer(product.c, Int32.self)
        for row in 0..<product.m {
            for column in 0..<product.n {
                var sum: Int32 = 0
                for place in 0..<product.k { sum += Int32(a[row * product.k + place]) * Int32(b[column * product.k + place]) }
                c[row * product.n + column] = sum
            }
        }
    }

    /// The processor's side.
    private static func product(
        _ layout: IntegerProduct.Layout, m: Int, n: Int, k: Int, _ a: QuantisedMatrix, _ b: QuantisedMatrix
    ) -> [Float] {
        var result = [Float](repeating: 0, count: m * n)
        result.withUnsafeMutableBufferPointer { result in
            ReferenceBackend().execute(
                IntegerProduct(layout, m: m, n: n, k: k, a: a.operand(), b: b.operand(), output: result.baseAddress!, outputStride: n))
        }
        return result
    }

    private static func quantised(_ x: [Float], _ rows: Int, _ columns: Int, _ bits: Int, _ axis: ScaleAxis) throws -> QuantisedMatrix {
        let matrix = QuantisedMatrix(rows: rows, columns: columns, bits: bits, axis: axis)
        switch axis {
        case .row: try Quantiser.quantiseRows(x, stride: columns, into: matrix)
        case .column: try Quantiser.quantiseColumns(x, stride: columns, into: matrix)
        default: try Quantiser.quantiseMatrix(x, into: matrix)
        }
        return matrix
    }

    @Test func aLinearLayerStaysOnTheDevice() throws {
        try check(DeviceKernels(device: ProcessorKernelDevice()), tokens: 37, inputs: 50, outputs: 41, multiply: Self.loop)
        for gpu in GPU.all {
            try gpu.makeCurrent()
            for (tokens, inputs, outputs) in [(37, 50, 41), (517, 300, 271), (1, 1, 1), (2_048, 16, 512)] {
                try check(GPU.kernels(gpu), tokens: tokens, inputs: inputs, outputs: outputs) {
                    try gpu.multiply($0, operands: 0, sums: 0)
                }
            }
        }
    }

    private func check(
        _ kernels: DeviceKernels, tokens t: Int, inputs d: Int, outputs o: Int, multiply: @escaping Multiply
    ) throws {
        for bits in [8, 12, 16] {
            let seed = UInt64.random(in: 0 ... .max)
            var generator = SeededGenerator(seed: seed)
            let x = Numbers.mixed(t * d, &generator, largest: 1e5), dy = Numbers.mixed(t * o, &generator, largest: 1e5)
            var weights = Numbers.ordinary(o * d, &generator), momentum = Numbers.ordinary(o * d, &generator)

            let memory = KernelCheckMemory(kernels.device)
            let resident = Resident(kernels: kernels, multiply: multiply, memory: memory, bits: bits, fault: try memory.zero())
            let input = try memory.put(x), gradient = try memory.put(dy), w = try memory.put(weights), m = try memory.put(momentum)
            let matrix = try resident.matrix(w, o, d)
            let y = try resident.product(.nt, m: t, n: o, k: d, resident.rows(input, t, d), matrix)
            let dx = try resident.product(.nn, m: t, n: d, k: o, resident.rows(gradient, t, o), matrix)
            let dw = try resident.product(.tn, m: o, n: d, k: t, resident.columns(gradient, t, o), resident.columns(input, t, d))
            let largest = try memory.zero()
            try kernels.signMomentumStep(weights: w, momentum: m, gradient: dw, count: o * d, rate: 0x1p-10, largest: largest)

            let q = try Self.quantised(weights, o, d, bits, .matrix)
            let hostGradient = Self.product(
                .tn, m: o, n: d, k: t, try Self.quantised(dy, t, o, bits, .column), try Self.quantised(x, t, d, bits, .column))
            let what = "\(t) × \(d) × \(o), \(bits) bits, seed \(seed)"
            try memory.expect(Self.product(.nt, m: t, n: o, k: d, try Self.quantised(x, t, d, bits, .row), q), at: y, "forward, \(what)")
            try memory.expect(Self.product(.nn, m: t, n: d, k: o, try Self.quantised(dy, t, o, bits, .row), q), at: dx, "backward, \(what)")
            try memory.expect(hostGradient, at: dw, "the weights' gradient, \(what)")
            let most = Canonical.signMomentumStep(weights: &weights, momentum: &momentum, gradient: hostGradient, o * d, rate: 0x1p-10)
            try memory.expect(weights, at: w, "the weights, \(what)")
            try memory.expect(momentum, at: m, "the momentum, \(what)")
            try memory.expect([most], at: largest, "the largest weight, \(what)")
            try memory.expect([UInt32(0)], at: resident.fault, "the fault, \(what)")
            try memory.expectMargins(what)
        }
    }
}
