import FlowTensor

/// A linear layer's whole training step: y = x·Wᵀ, dx = dy·W, dW = dyᵀ·x.
final class LinearLayer {
    private let tokens: Int
    private let inputs = 512, outputs = 1_024
    private let x, w, dy: [Float]
    private let y, dx, dw: UnsafeMutablePointer<Float>
    private let xRows = QuantisedMatrix(), dyRows = QuantisedMatrix(), weights = QuantisedMatrix()
    private let xColumns = QuantisedMatrix(), dyColumns = QuantisedMatrix()

    init(tokens: Int) {
        self.tokens = tokens
        x = Operands.numbers(tokens * inputs, 3)
        w = Operands.numbers(outputs * inputs, 4)
        dy = Operands.numbers(tokens * outputs, 5)
        y = .allocate(capacity: tokens * outputs)
        dx = .allocate(capacity: tokens * inputs)
        dw = .allocate(capacity: outputs * inputs)
        xRows.reshape(rows: tokens, columns: inputs, bits: 8, axis: .row)
        dyRows.reshape(rows: tokens, columns: outputs, bits: 8, axis: .row)
        weights.reshape(rows: outputs, columns: inputs, bits: 8, axis: .matrix)
        xColumns.reshape(rows: tokens, columns: inputs, bits: 8, axis: .column)
        dyColumns.reshape(rows: tokens, columns: outputs, bits: 8, axis: .column)
    }

    deinit {
        for memory in [y, dx, dw] { memory.deallocate() }
    }

    /// Three sgemm calls.
    func float() {
        FloatBLAS.sgemm(.nt, tokens, outputs, inputs, x, w, y)
        FloatBLAS.sgemm(.nn, tokens, inputs, outputs, dy, w, dx)
        FloatBLAS.sgemm(.tn, outputs, inputs, tokens, dy, x, dw)
    }

    /// Quantising everything, and the three exact products, scaled and rounded.
    func exact(_ backend: any MatrixBackend, _ pool: ThreadPool) throws {
        try Quantiser.quantiseMatrix(w, into: weights, pool: pool)
        try Quantiser.quantiseRows(x, stride: inputs, into: xRows, pool: pool)
        backend.execute(
            [IntegerProduct(
                .nt, m: tokens, n: outputs, k: inputs, a: xRows.operand(), b: weights.operand(), output: y, outputStride: outputs)],
            pool: pool)
        try Quantiser.quantiseRows(dy, stride: outputs, into: dyRows, pool: pool)
        try Quantiser.quantiseColumns(dy, stride: outputs, into: dyColumns, pool: pool)
        try Quantiser.quantiseColumns(x, stride: inputs, into: xColumns, pool: pool)
        backend.execute(
            [
                IntegerProduct(
                    .nn, m: tokens, n: inputs, k: outputs, a: dyRows.operand(), b: weights.operand(), output: dx,
                    outputStride: inputs),
                IntegerProduct(
                    .tn, m: outputs, n: inputs, k: tokens, a: dyColumns.operand(), b: xColumns.operand(), output: dw,
                    outputStride: inputs),
            ], pool: pool)
    }
}
