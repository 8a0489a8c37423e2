/// The canonical pointwise operations, vectorised; the same bits as `CanonicalReference` on every processor.
///
/// All take pointers to contiguous binary32 numbers and a count. Outputs may be the same memory as an input unless said otherwise.
public enum Canonical {
    // MARK: Functions

    /// exp by the project's polynomial. A NaN stays a NaN.
    public static func exp(_ x: Float) -> Float { CanonicalReference.exp(x) }

    /// 1 / (1 + exp(−x)).
    public static func sigmoid(_ x: Float) -> Float { CanonicalReference.sigmoid(x) }

    /// The natural logarithm of a normal, positive number; used for the published loss.
    public static func log(_ x: Float) -> Float { CanonicalReference.log(x) }

    // MARK: Sums

    /// The sum in sixteen lanes and the fixed tree.
    public static func laneSum(_ x: UnsafePointer<Float>, _ n: Int) -> Float { CanonicalReference.laneSum(x, n) }

    /// The lane sum of x·x.
    public static func laneSumOfSquares(_ x: UnsafePointer<Float>, _ n: Int) -> Float { CanonicalReference.laneSumOfSquares(x, n) }

    /// The lane sum of x·y.
    public static func laneDot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ n: Int) -> Float {
        CanonicalReference.laneDot(x, y, n)
    }

    // MARK: Norms

    /// `y = (x·r)·gain` with `r = 1 / sqrt(lanesum(x·x) / n + 1e-6)`; returns r.
    @discardableResult
    public static func rmsNorm(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, _ n: Int, into y: UnsafeMutablePointer<Float>
    ) -> Float {
        CanonicalReference.rmsNorm(x, gain: gain, n, into: y)
    }

    /// The backward of `rmsNorm` for one row: `dx`, and the terms `dy·(x·r)` whose column sums are the gain's gradient.
    ///
    /// `dx` and `gainTerms` may not be the same memory; `dx` may be `dy`.
    public static func rmsNormBackward(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, r: Float, dy: UnsafePointer<Float>, _ n: Int,
        dx: UnsafeMutablePointer<Float>, gainTerms: UnsafeMutablePointer<Float>
    ) {
        CanonicalReference.rmsNormBackward(x, gain: gain, r: r, dy: dy, n, dx: dx, gainTerms: gainTerms)
    }

    // MARK: Softmax

    /// `p = exp(x − max)·(1 / lanesum)`; returns the maximum and the sum. n ≥ 1.
    @discardableResult
    public static func softmax(_ x: UnsafePointer<Float>, _ n: Int, into p: UnsafeMutablePointer<Float>) -> SoftmaxSums {
        CanonicalReference.softmax(x, n, into: p)
    }

    /// `ds = (p·(dp − k))·factor` with `k = lanedot(p, dp)`.
    public static func softmaxBackward(
        _ p: UnsafePointer<Float>, dp: UnsafePointer<Float>, _ n: Int, factor: Float, into ds: UnsafeMutablePointer<Float>
    ) {
        CanonicalReference.softmaxBackward(p, dp: dp, n, factor: factor, into: ds)
    }

    /// A token's loss `(log(sum) + max) − z_target`; writes `(softmax − onehot)·factor`. 0 ≤ target < n.
    public static func crossEntropy(
        _ logits: UnsafePointer<Float>, _ n: Int, target: Int, factor: Float, gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        CanonicalReference.crossEntropy(logits, n, target: target, factor: factor, gradient: gradient)
    }

    // MARK: SwiGLU

    /// `a = (g·σ(g))·u`.
    public static func swiGLU(
        gate g: UnsafePointer<Float>, up u: UnsafePointer<Float>, _ n: Int, into a: UnsafeMutablePointer<Float>
    ) {
        CanonicalReference.swiGLU(gate: g, up: u, n, into: a)
    }

    /// `dU = dA·(g·s)`, `dG = (dA·u)·(s·(1 + g·(1 − s)))`, s = σ(g). Outputs may be inputs, but not each other.
    public static func swiGLUBackward(
        gate g: UnsafePointer<Float>, up u: UnsafePointer<Float>, da: UnsafePointer<Float>, _ n: Int,
        dGate: UnsafeMutablePointer<Float>, dUp: UnsafeMutablePointer<Float>
    ) {
        CanonicalReference.swiGLUBackward(gate: g, up: u, da: da, n, dGate: dGate, dUp: dUp)
    }

    // MARK: Rotary

    /// Rotates one head in place: `(a, b) = (u_i, u_{i+half})` becomes `(a·cos − b·sin, a·sin + b·cos)`.
    public static func rotate(
        _ u: UnsafeMutablePointer<Float>, half: Int, cos: UnsafePointer<Float>, sin: UnsafePointer<Float>
    ) {
        CanonicalReference.rotate(u, half: half, cos: cos, sin: sin)
    }

    /// The gradient's way back: `(a·cos + b·sin, b·cos − a·sin)`.
    public static func rotateBackward(
        _ u: UnsafeMutablePointer<Float>, half: Int, cos: UnsafePointer<Float>, sin: UnsafePointer<Float>
    ) {
        CanonicalReference.rotateBackward(u, half: half, cos: cos, sin: sin)
    }

    // MARK: Elementwise

    /// `c = a + b`.
    public static func add(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ n: Int, into c: UnsafeMutablePointer<Float>
    ) {
        CanonicalReference.add(a, b, n, into: c)
    }

    /// `y = x·factor`.
    public static func scale(_ x: UnsafePointer<Float>, by factor: Float, _ n: Int, into y: UnsafeMutablePointer<Float>) {
        CanonicalReference.scale(x, by: factor, n, into: y)
    }

    /// `y_i = x_i · 2^exponents[i·exponentStride]`, exponents −126 … 127: folds a scale into the other operand.
    public static func scaleByPowers(
        _ x: UnsafePointer<Float>, exponents: UnsafePointer<Int32>, exponentStride: Int = 1, _ n: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        CanonicalReference.scaleByPowers(x, exponents: exponents, exponentStride: exponentStride, n, into: y)
    }

    /// `y = (wa·a) + (wb·b)`.
    public static func combine(
        _ a: UnsafePointer<Float>, weight wa: Float, _ b: UnsafePointer<Float>, weight wb: Float, _ n: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        CanonicalReference.combine(a, weight: wa, b, weight: wb, n, into: y)
    }

    // MARK: Optimizer

    /// `m ← m + (g − m)·0.1`; `w ← w − rate·sign(m)`, sign(±0) = 0, then clamped to ±4.
    public static func signMomentumStep(
        weights w: UnsafeMutablePointer<Float>, momentum m: UnsafeMutablePointer<Float>, gradient g: UnsafePointer<Float>,
        _ n: Int, rate: Float
    ) {
        CanonicalReference.signMomentumStep(weights: w, momentum: m, gradient: g, n, rate: rate)
    }

    /// The three planes of a digest leaf, ⌈n/8⌉ bytes each: m > 0, m < 0, lowest mantissa bit; element j is bit j mod 8 of byte ⌊j/8⌋.
    public static func digestPlanes(_ m: UnsafePointer<Float>, _ n: Int, into planes: UnsafeMutablePointer<UInt8>) {
        CanonicalReference.digestPlanes(m, n, into: planes)
    }
}
