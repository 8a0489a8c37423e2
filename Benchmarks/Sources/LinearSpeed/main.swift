import CBLAS
import FlowTensor
import FlowTensorOpenBLAS

// The exact integer product, rescale included, and a linear layer's whole training step (quantise weights, rows and columns, three products)
// beside OpenBLAS's sgemm and three of it, on one thread; then the products on two threads. Medians of 9 turns, both sides in turn.

func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let time = try ContinuousClock().measure(body).components
    return Double(time.seconds) + Double(time.attoseconds) * 1e-18
}

func numbers(_ count: Int, _ key: UInt32) -> [Float] {
    (0..<count).map {
        let word = Philox.block(counter: (UInt32(truncatingIfNeeded: $0), 0, 0, 0), key: (key, 0)).0
        return Float(Int32(bitPattern: word)) * 0x1p-31
    }
}

/// y = x·Wᵀ with `tokens` rows of x, and the way back.
struct Layer {
    let tokens, outputs, inputs: Int
    let x, w, dy: [Float]
    let xRows = QuantisedMatrix(), xColumns = QuantisedMatrix(), weights = QuantisedMatrix()
    let dyRows = QuantisedMatrix(), dyColumns = QuantisedMatrix()
    let y, dx, dw: AlignedBuffer<Float>

    init(tokens: Int, outputs: Int, inputs: Int) {
        (self.tokens, self.outputs, self.inputs) = (tokens, outputs, inputs)
        x = numbers(tokens * inputs, 1)
        w = numbers(outputs * inputs, 2)
        dy = numbers(tokens * outputs, 3)
        y = AlignedBuffer(capacity: tokens * outputs)
        dx = AlignedBuffer(capacity: tokens * inputs)
        dw = AlignedBuffer(capacity: outputs * inputs)
        xRows.reshape(rows: tokens, columns: inputs, bits: 8, axis: .row)
        xColumns.reshape(rows: tokens, columns: inputs, bits: 8, axis: .column)
        weights.reshape(rows: outputs, columns: inputs, bits: 8, axis: .matrix)
        dyRows.reshape(rows: tokens, columns: outputs, bits: 8, axis: .row)
        dyColumns.reshape(rows: tokens, columns: outputs, bits: 8, axis: .column)
    }

    var forward: IntegerProduct {
        IntegerProduct(
            .nt, m: tokens, n: outputs, k: inputs, a: xRows.operand(), b: weights.operand(), output: y.pointer, outputStride: outputs)
    }

    func step(_ backend: any MatrixBackend, _ pool: ThreadPool) throws {
        try Quantiser.quantiseMatrix(w, into: weights, pool: pool)
        try Quantiser.quantiseRows(x, stride: inputs, into: xRows, pool: pool)
        backend.execute([forward], pool: pool)
        try Quantiser.quantiseRows(dy, stride: outputs, into: dyRows, pool: pool)
        try Quantiser.quantiseColumns(dy, stride: outputs, into: dyColumns, pool: pool)
        try Quantiser.quantiseColumns(x, stride: inputs, into: xColumns, pool: pool)
        backend.execute(
            [
                IntegerProduct(
                    .nn, m: tokens, n: inputs, k: outputs, a: dyRows.operand(), b: weights.operand(), output: dx.pointer,
                    outputStride: inputs),
                IntegerProduct(
                    .tn, m: outputs, n: inputs, k: tokens, a: dyColumns.operand(), b: xColumns.operand(), output: dw.pointer,
                    outputStride: inputs),
            ], pool: pool)
    }

    func floatForward() {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(tokens), Int32(outputs), Int32(inputs), 1, x, Int32(inputs), w, Int32(inputs),
            0, y.pointer, Int32(outputs))
    }

    func floatStep() {
        floatForward()
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(tokens), Int32(inputs), Int32(outputs), 1, dy, Int32(outputs), w,
            Int32(inputs), 0, dx.pointer, Int32(inputs))
        cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, Int32(outputs), Int32(inputs), Int32(tokens), 1, dy, Int32(outputs), x, Int32(inputs),
            0, dw.pointer, Int32(inputs))
    }
}

let backend = try BackendSelection.admission(offering: [OpenBLASBackend()]).backend
let two = ThreadPool(threads: 2)
openblas_set_num_threads(1)
for (tokens, outputs, inputs) in [(512, 512, 512), (64, 1_024, 512), (512, 1_024, 512)] {
    let layer = Layer(tokens: tokens, outputs: outputs, inputs: inputs)
    try layer.step(backend, .single)
    let operations = 2 * Double(tokens * outputs * inputs)
    let turns = Int(2e9 / operations) + 1
    /// What a turn takes, after one that warms caches and wakes threads.
    func time(_ body: () throws -> Void) rethrows -> Double {
        try body()
        return try seconds { for _ in 0..<turns { try body() } }
    }
    var times = [[Double]](repeating: [], count: 5)
    for _ in 0..<9 {
        times[0].append(time { backend.execute([layer.forward], pool: .single) })
        times[1].append(time { layer.floatForward() })
        times[2].append(try time { try layer.step(backend, .single) })
        times[3].append(time { layer.floatStep() })
        times[4].append(time { backend.execute([layer.forward], pool: two) })
    }
    let t = times.map { median($0) / Double(turns) }
    func rounded(_ x: Double, _ places: Double = 100) -> Double { (x * places).rounded() / places }
    print(
        """
        \(tokens)×\(outputs)×\(inputs): \(backend.name) \(rounded(operations / t[0] * 1e-9, 10)) GFLOP/s, sgemm \
        \(rounded(operations / t[1] * 1e-9, 10)), ratio \(rounded(t[1] / t[0])); layer's step \(rounded(t[2] / t[3])) of three sgemm; \
        two threads \(rounded(t[0] / t[4])) times one
        """)
}
