internal import FlowTensor

/// RMSNorm over rows of `columns` numbers with a shared gain: `y_i = (x_i · r) · g_i`, `r = 1 / sqrt(lanesum(x²) / n + ε)`.
final class RMSNormLayer {
    let columns: Int
    let epsilon: Float
    /// r of each row of the last forward pass.
    let inverse: FloatBuffer

    init(rows: Int, columns: Int, epsilon: Float) {
        self.columns = columns
        self.epsilon = epsilon
        inverse = FloatBuffer(capacity: rows)
    }

    /// One row; keeps r for the way back.
    @inline(__always)
    func forwardRow(
        _ row: Int, _ x: UnsafePointer<Float>, _ gain: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>
    ) {
        inverse.pointer[row] = Canonical.rmsNorm(x, gain: gain, count: columns, epsilon: epsilon, into: y)
    }

    /// The way back of one row: `dx = dy through the norm`, and the row's share of the gain's gradient, `dy_i · (x_i · r)`,
    /// written to `gainShare`. `dx` may be `dy`.
    @inline(__always)
    func backwardRow(
        _ row: Int, dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ gain: UnsafePointer<Float>,
        into dx: UnsafeMutablePointer<Float>, gainShare: UnsafeMutablePointer<Float>
    ) {
        Canonical.rmsNormBackward(
            dy, x: x, gain: gain, inverse: inverse.pointer[row], count: columns, into: dx, gainShare: gainShare)
    }
}
