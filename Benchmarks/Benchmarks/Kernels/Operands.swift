import FlowTensor

/// One shape with the memory of both sides: floats for sgemm, integers for the exact product.
final class Operands {
    let layout: IntegerProduct.Layout
    let m, n, k: Int
    private let left, right: [Float]
    private let a = QuantisedMatrix(), b = QuantisedMatrix()
    private let output: UnsafeMutablePointer<Float>

    init(_ layout: IntegerProduct.Layout, _ m: Int, _ n: Int, _ k: Int) throws {
        (self.layout, self.m, self.n, self.k) = (layout, m, n, k)
        left = Self.numbers(m * k, 1)
        right = Self.numbers(n * k, 2)
        output = .allocate(capacity: m * n)
        output.initialize(repeating: 0, count: m * n)
        // As a step has them: rows against weights with one scale, or two operands with a scale a column.
        let (rows, columns) = layout == .tn ? (k, m) : (m, k)
        a.reshape(rows: rows, columns: columns, bits: 8, axis: layout == .tn ? .column : .row)
        b.reshape(rows: layout == .nt ? n : k, columns: layout == .nt ? k : n, bits: 8, axis: layout == .tn ? .column : .matrix)
        if layout == .tn {
            try Quantiser.quantiseColumns(left, stride: m, into: a)
            try Quantiser.quantiseColumns(right, stride: n, into: b)
        } else {
            try Quantiser.quantiseRows(left, stride: k, into: a)
            try Quantiser.quantiseMatrix(right, into: b)
        }
    }

    deinit { output.deallocate() }

    /// A fixed pattern without a period that a cache or predictor could learn, from −1 to 1.
    static func numbers(_ count: Int, _ key: UInt32) -> [Float] {
        (0..<count).map {
            let word = Philox.block(counter: (UInt32(truncatingIfNeeded: $0), 0, 0, 0), key: (key, 0)).0
            return Float(Int32(bitPattern: word)) * 0x1p-31
        }
    }

    var product: IntegerProduct {
        IntegerProduct(layout, m: m, n: n, k: k, a: a.operand(), b: b.operand(), output: output, outputStride: n)
    }

    func float() { FloatBLAS.sgemm(layout, m, n, k, left, right, output) }
}
