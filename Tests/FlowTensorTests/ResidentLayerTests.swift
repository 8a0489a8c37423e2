import FlowTensor
import TestSupport
import Testing

@testable import FlowTensorCUDA

/// A linear layer forward, back and updated by the device's kernels, on this processor, without a number coming home in between: what a trainer on
/// the device will do, against the processor's own path.
@Suite struct ResidentLayerTests {
    private static let tokens = 37, inputs = 50, outputs = 41

    /// The device's side: cuBLAS is a loop.
    private struct Resident {
        let kernels: DeviceKernels
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
                    let x = Self.pointer(left + UInt64(i * lines * depth), Int8.self)
                    let y = Self.pointer(right + UInt64(j * columns * depth), Int8.self)
                    let c = Self.pointer(sums + UInt64(4 * (i * digits + j) * lines * columns), Int32.self)
                    for row in 0..<lines {
                        for column in 0..<columns {
                            var sum: Int32 = 0
                            for place in 0..<depth { sum += Int32(x[row * depth + place]) * Int32(y[column * depth + place]) }
                            c[row * columns + column] = sum
                        }
                    }
                }
            }
            let result = try memory.floats(m * n)
            try kernels.rescale(
                sums, plane: lines * columns, sumsStride: columns, leftDigits: digits, rightDigits: digits, rowScales: a.scales,
                rowScaleStride: a.scaleStride, columnScales: b.scales, columnScaleStride: b.scaleStride, rows: m, columns: n, into: result,
                stride: n)
            return result
        }

        private static func pointer<Value>(_ address: DevicePointer, _ type: Value.Type) -> UnsafeMutablePointer<Value> {
            UnsafeMutableRawPointer(bitPattern: UInt(address))!.assumingMemoryBound(to: type)
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
        let device = try ProcessorKernelDevice()
        for bits in [8, 12, 16] {
            let seed = UInt64.random(in: 0 ... .max)
            var generator = SeededGenerator(seed: seed)
            let (t, d, o) = (Self.tokens, Self.inputs, Self.outputs)
            let x = Numbers.mixed(t * d, &generator, largest: 1e5), dy = Numbers.mixed(t * o, &generator, largest: 1e5)
            var weights = Numbers.ordinary(o * d, &generator), momentum = Numbers.ordinary(o * d, &generator)

            let memory = KernelCheckMemory(device), kernels = DeviceKernels(device: device)
            let resident = Resident(kernels: kernels, memory: memory, bits: bits, fault: try memory.zero())
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
            let what = "\(bits) bits, seed \(seed)"
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
