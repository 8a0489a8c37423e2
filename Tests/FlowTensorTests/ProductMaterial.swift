import FlowTensor
import TestSupport

/// Random operands of a product, with gaps between rows.
final class ProductMaterial {
    let product: IntegerProduct
    private let narrowA, narrowB: AlignedBuffer<Int8>
    private let wideA, wideB: AlignedBuffer<Int16>
    private let scales: AlignedBuffer<Int32>
    private let indices: AlignedBuffer<Int32>
    private let output: FloatBuffer
    private let count: Int

    init(
        _ layout: IntegerProduct.Layout, m: Int, n: Int, k: Int, bits: Int, gathered: Bool, zeroRows: Double = 0, _ generator: inout SeededGenerator
    ) {
        let aRows = layout == .tn ? k : m
        let bRows = layout == .nt ? n : k
        let aStride = (layout == .tn ? m : k) + Int.random(in: 0...3, using: &generator)
        let bStride = (layout == .nt ? k : n) + Int.random(in: 0...3, using: &generator)
        let limit = (1 << (bits - 1)) - 1
        (narrowA, narrowB) = (AlignedBuffer(capacity: aRows * aStride), AlignedBuffer(capacity: bRows * bStride))
        (wideA, wideB) = (AlignedBuffer(capacity: aRows * aStride), AlignedBuffer(capacity: bRows * bStride))
        let saturated = Int.random(in: 0..<3, using: &generator) == 0
        func value() -> Int { saturated ? (Bool.random(using: &generator) ? limit : -limit) : Int.random(in: -limit...limit, using: &generator) }
        for i in 0..<aRows * aStride {
            let v = value()
            (narrowA.pointer[i], wideA.pointer[i]) = (Int8(truncatingIfNeeded: v), Int16(v))
        }
        for row in 0..<aRows where Double.random(in: 0..<1, using: &generator) < zeroRows {
            for i in row * aStride..<(row + 1) * aStride { (narrowA.pointer[i], wideA.pointer[i]) = (0, 0) }
        }
        for i in 0..<bRows * bStride {
            let v = value()
            (narrowB.pointer[i], wideB.pointer[i]) = (Int8(truncatingIfNeeded: v), Int16(v))
        }
        let most = max(m, n, k)
        scales = AlignedBuffer(capacity: most * 3)
        for i in 0..<most * 3 { scales.pointer[i] = Int32.random(in: -60...40, using: &generator) }
        indices = AlignedBuffer(capacity: most * 2)
        for i in 0..<most { indices.pointer[i] = Int32.random(in: 0..<Int32(aRows), using: &generator) }
        for i in 0..<most { indices.pointer[most + i] = Int32.random(in: 0..<Int32(bRows), using: &generator) }
        let outputStride = n + 2
        count = m * outputStride
        output = FloatBuffer(capacity: count)
        product = IntegerProduct(
            layout, m: m, n: n, k: k,
            a: IntegerOperand(
                values: bits <= 8 ? .int8(narrowA.pointer) : .int16(wideA.pointer), stride: aStride, bits: bits, scales: scales.pointer,
                scaleStride: Int.random(in: 0...3, using: &generator), rowIndices: gathered ? UnsafePointer(indices.pointer) : nil),
            b: IntegerOperand(
                values: bits <= 8 ? .int8(narrowB.pointer) : .int16(wideB.pointer), stride: bStride, bits: bits, scales: scales.pointer,
                scaleStride: Int.random(in: 0...1, using: &generator), rowIndices: gathered ? UnsafePointer(indices.pointer + most) : nil),
            output: output.pointer, outputStride: outputStride)
    }

    func clear() { for i in 0..<count { output.pointer[i] = 777 } }

    var bits: [UInt32] { (0..<count).map { output.pointer[$0].bitPattern } }

    func run(_ backend: any MatrixBackend, _ pool: ThreadPool) -> [UInt32] { run(backend, pool, product) }

    /// Runs another product of the same operands.
    func run(_ backend: any MatrixBackend, _ pool: ThreadPool, _ product: IntegerProduct) -> [UInt32] {
        clear()
        backend.execute([product], pool: pool)
        return bits
    }
}
