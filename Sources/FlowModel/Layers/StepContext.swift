internal import FlowTensor
internal import Synchronization

/// Names the part of a step in which a fault arose.
struct Stage: Sendable {
    let name: StaticString
    let layer: Int?

    init(_ name: StaticString, layer: Int? = nil) {
        self.name = name
        self.layer = layer
    }

    var text: String {
        if let layer { "\(name) of layer \(layer)" } else { "\(name)" }
    }
}

/// What every layer needs during a step: the backend, the threads, the list of products and scratch memory.
final class StepContext {
    let configuration: ModelConfiguration
    let backend: any MatrixBackend
    let pool: ThreadPool
    /// Row work is cut into this many contiguous runs. The cut never shows in the results: rows are independent, and
    /// sums over rows are exact integers.
    let chunks: Int
    /// The products of the next call of the backend.
    var products: [IntegerProduct] = []
    /// Multiplications of a row from which on it pays to look whether it is zero: at d 128 looking took longer than leaving out saved.
    var leastRowWork = 1 << 16
    /// Rows of weight gradients in this step, and those of them that are zero; for a report, no part of the arithmetic.
    let gradientRows = Atomic(0)
    let zeroGradientRows = Atomic(0)
    /// The matrices of the next call of ``columns(_:rows:)``: numbers, columns, target.
    var matrices: [(x: UnsafePointer<Float>, columns: Int, target: IntegerStore)] = []

    init(configuration: ModelConfiguration, backend: any MatrixBackend, pool: ThreadPool) {
        self.configuration = configuration
        self.backend = backend
        self.pool = pool
        chunks = pool.threads == 1 ? 1 : 4 * pool.threads
    }

    /// A weight gradient without the rows that are zero.
    /// - Parameter list: room for a number a row, until the product is done
    func weightGradient(_ product: IntegerProduct, _ list: UnsafeMutablePointer<Int32>) -> IntegerProduct {
        guard product.m * product.n >= leastRowWork else {
            let (looked, zero) = product.zeroRows(every: 16)
            gradientRows.add(looked, ordering: .relaxed)
            zeroGradientRows.add(zero, ordering: .relaxed)
            return product
        }
        let (shorter, zeroRows) = product.leavingOutZeroRows(list)
        gradientRows.add(product.k, ordering: .relaxed)
        zeroGradientRows.add(zeroRows, ordering: .relaxed)
        return shorter
    }

    /// The share of zero rows since the last call.
    func takeZeroRowShare() -> Double {
        let rows = gradientRows.exchange(0, ordering: .relaxed), zeros = zeroGradientRows.exchange(0, ordering: .relaxed)
        return rows > 0 ? Double(zeros) / Double(rows) : 0
    }

    /// Runs the collected products and forgets them.
    func execute() {
        backend.execute(products, pool: pool)
        products.removeAll(keepingCapacity: true)
    }

    /// Cuts `0..<count` into at most `chunks` contiguous runs and works on them side by side.
    func rows(
        _ count: Int, _ stage: Stage, _ body: (_ chunk: Int, _ rows: Range<Int>) throws(QuantiserFault) -> Void
    ) throws(StepFault) {
        try tasks(min(chunks, count), stage) { chunk throws(QuantiserFault) in
            let parts = min(chunks, count)
            try body(chunk, chunk * count / parts..<(chunk + 1) * count / parts)
        }
    }

    /// As ``rows(_:_:_:)`` for work that cannot fail.
    func rows(_ count: Int, _ body: (_ chunk: Int, _ rows: Range<Int>) -> Void) {
        let parts = min(chunks, count)
        pool.run(parts) { chunk in
            body(chunk, chunk * count / parts..<(chunk + 1) * count / parts)
        }
    }

    /// Runs `count` tasks and turns the first fault into one that names the stage.
    func tasks(
        _ count: Int, _ stage: Stage, _ body: (Int) throws(QuantiserFault) -> Void
    ) throws(StepFault) {
        do {
            try pool.attempt(count, body)
        } catch {
            throw Self.fault(error, stage)
        }
    }

    /// Quantises the columns of the collected matrices, which have the same rows, side by side, and forgets them.
    func columns(_ stage: Stage, rows: Int) throws(StepFault) {
        defer { matrices.removeAll(keepingCapacity: true) }
        let width = pool.threads == 1 ? Int.max : 32
        var total = 0
        for matrix in matrices { total += (matrix.columns - 1) / width + 1 }
        try tasks(total, stage) { task throws(QuantiserFault) in
            var part = task
            for matrix in matrices {
                let parts = (matrix.columns - 1) / width + 1
                if part < parts {
                    let first = part * width
                    try matrix.target.quantiseColumns(
                        matrix.x + first, rows: rows, columns: min(width, matrix.columns - first), stride: matrix.columns,
                        to: first, qStride: matrix.columns, scale: first)
                    return
                }
                part -= parts
            }
        }
    }

    static func fault(_ fault: QuantiserFault, _ stage: Stage) -> StepFault {
        switch fault {
        case .nonFinite: .notFinite(stage: stage.text)
        case .exponentAboveRange(let exponent): .exponentAboveRange(stage: stage.text, exponent: exponent)
        }
    }
}
