internal import FlowTensor

/// RMSNorm over rows of `columns` numbers with a shared gain (Model.md, RMSNorm), forward and backward.
final class RMSNormLayer {
    private let columns: Int
    private let stage: Stage
    /// r of each row of the last forward pass.
    private let inverse: FixedBuffer<Float>

    init(rows: Int, columns: Int, stage: Stage) {
        self.columns = columns
        self.stage = stage
        inverse = FixedBuffer<Float>(rows)
    }

    /// One row; keeps r for the way back.
    @inline(__always)
    func forward(
        row: Int, _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>
    ) {
        inverse.pointer[row] = Canonical.rmsNorm(x, gain: gain, columns, into: y)
    }

    /// The first `rows` rows.
    func forward(
        _ context: StepContext, rows: Int, _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>
    ) {
        context.rows(rows) { _, range in
            for row in range { forward(row: row, x + row * columns, gain: gain, into: y + row * columns) }
        }
    }

    /// The way back of one row. `gainTerms` receives the row's terms of the gain's gradient. `dx` may be `dy`.
    @inline(__always)
    func backward(
        row: Int, _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, dy: UnsafePointer<Float>,
        dx: UnsafeMutablePointer<Float>, gainTerms: UnsafeMutablePointer<Float>
    ) {
        Canonical.rmsNormBackward(
            x, gain: gain, r: inverse.pointer[row], dy: dy, columns, dx: dx, gainTerms: gainTerms)
    }

    /// The gain's gradient: the exact column sums of the terms.
    func gainGradient(
        _ context: StepContext, terms: UnsafePointer<Float>, rows: Int, into gradient: UnsafeMutablePointer<Float>
    ) throws(StepFault) {
        do {
            try ColumnSum.columns(
                terms, rows: rows, columns: columns, stride: columns, into: gradient, pool: context.pool)
        } catch {
            throw StepContext.fault(error, stage)
        }
    }

    /// The way back of all rows of a norm that stands before a sub-layer: `dx ← dx + dx_norm`. Overwrites `dy`.
    func backwardIntoResidual(
        _ context: StepContext, rows: Int, x: UnsafePointer<Float>, gain: UnsafePointer<Float>,
        dy: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>, gainTerms: UnsafeMutablePointer<Float>,
        gradient: UnsafeMutablePointer<Float>
    ) throws(StepFault) {
        context.rows(rows) { _, range in
            for row in range {
                let place = row * columns
                backward(
                    row: row, x + place, gain: gain, dy: dy + place, dx: dy + place, gainTerms: gainTerms + place)
                Canonical.add(dx + place, dy + place, columns, into: dx + place)
            }
        }
        try gainGradient(context, terms: gainTerms, rows: rows, into: gradient)
    }
}
