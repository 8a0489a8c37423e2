internal import CFlowKernels

/// The canonical pointwise operations, vectorised; the same bits as `CanonicalReference` on every processor, whatever the thread's floating-point state.
///
/// All take pointers to contiguous binary32 numbers and a count. Outputs may be the same memory as an input unless said otherwise.
public enum Canonical {
    // The kernels in use; `InstructionSet.select(forPointwise:)` chooses others, which give the same bits.

    // MARK: Functions

    /// exp by the project's polynomial. A NaN stays a NaN.
    public static func exp(_ x: Float) -> Float { PointwiseKernels.call { _ in CanonicalReference.exp(x) } }

    /// 1 / (1 + exp(−x)).
    static func sigmoid(_ x: Float) -> Float { PointwiseKernels.call { _ in CanonicalReference.sigmoid(x) } }

    /// The natural logarithm of a normal, positive number; used for the published loss.
    public static func log(_ x: Float) -> Float { PointwiseKernels.call { _ in CanonicalReference.log(x) } }

    /// exp of each of n numbers.
    public static func exp(_ x: UnsafePointer<Float>, _ n: Int, into y: UnsafeMutablePointer<Float>) { PointwiseKernels.call { $0.exp(x, n, y) } }

    /// σ of each of n numbers.
    static func sigmoid(_ x: UnsafePointer<Float>, _ n: Int, into y: UnsafeMutablePointer<Float>) {
        PointwiseKernels.call { $0.sigmoid(x, n, y) }
    }

    /// exp of sixteen numbers.
    public static func exp(_ x: SIMD16<Float>) -> SIMD16<Float> { sixteen(x) { exp($0, 16, into: $0) } }

    /// σ of sixteen numbers.
    static func sigmoid(_ x: SIMD16<Float>) -> SIMD16<Float> { sixteen(x) { sigmoid($0, 16, into: $0) } }

    private static func sixteen(_ x: SIMD16<Float>, _ body: (UnsafeMutablePointer<Float>) -> Void) -> SIMD16<Float> {
        var y = x
        withUnsafeMutableBytes(of: &y) { bytes in
            if let numbers = bytes.bindMemory(to: Float.self).baseAddress { body(numbers) }
        }
        return y
    }

    // MARK: Sums

    /// The sum in sixteen lanes and the fixed tree.
    static func laneSum(_ x: UnsafePointer<Float>, _ n: Int) -> Float { PointwiseKernels.call { $0.sum(x, n) } }

    /// The lane sum of x·x.
    static func laneSumOfSquares(_ x: UnsafePointer<Float>, _ n: Int) -> Float { PointwiseKernels.call { $0.sum_of_squares(x, n) } }

    /// The lane sum of x·y.
    public static func laneDot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ n: Int) -> Float {
        PointwiseKernels.call { $0.dot(x, y, n) }
    }

    // MARK: Norms

    /// `y = (x·r)·gain` with `r = 1 / sqrt(lanesum(x·x) / n + 1e-6)`; returns r.
    @discardableResult
    public static func rmsNorm(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, _ n: Int, into y: UnsafeMutablePointer<Float>
    ) -> Float {
        PointwiseKernels.call { $0.norm(x, gain, n, y) }
    }

    /// The backward of `rmsNorm` for one row: `dx`, and the terms `dy·(x·r)` whose column sums are the gain's gradient.
    ///
    /// `dx` and `gainTerms` may not be the same memory; `dx` may be `dy`.
    public static func rmsNormBackward(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, r: Float, dy: UnsafePointer<Float>, _ n: Int,
        dx: UnsafeMutablePointer<Float>, gainTerms: UnsafeMutablePointer<Float>
    ) {
        PointwiseKernels.call { $0.norm_backward(x, gain, r, dy, n, dx, gainTerms) }
    }

    // MARK: Softmax

    /// `p = exp(x − max)·(1 / lanesum)`; returns the maximum and the sum. n ≥ 1.
    @discardableResult
    public static func softmax(_ x: UnsafePointer<Float>, _ n: Int, into p: UnsafeMutablePointer<Float>) -> SoftmaxSums {
        var sums = SoftmaxSums(maximum: 0, sum: 0)
        PointwiseKernels.call { $0.softmax(x, n, p, &sums.maximum, &sums.sum) }
        return sums
    }

    /// `ds = (p·(dp − k))·factor` with `k = lanedot(p, dp)`.
    public static func softmaxBackward(
        _ p: UnsafePointer<Float>, dp: UnsafePointer<Float>, _ n: Int, factor: Float, into ds: UnsafeMutablePointer<Float>
    ) {
        PointwiseKernels.call { $0.softmax_backward(p, dp, n, factor, ds) }
    }

    /// A token's loss `(log(sum) + max) − z_target`; writes `(softmax − onehot)·factor`. 0 ≤ target < n.
    public static func crossEntropy(
        _ logits: UnsafePointer<Float>, _ n: Int, target: Int, factor: Float, gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        PointwiseKernels.call { kernels in
            let wanted = logits[target]
            var maximum: Float = 0, sum: Float = 0
            kernels.softmax(logits, n, gradient, &maximum, &sum)
            gradient[target] = gradient[target] - 1
            kernels.scale(gradient, factor, n, gradient)
            return (CanonicalReference.log(sum) + maximum) - wanted
        }
    }

    // MARK: Attention

    /// One row of causal attention in place: `p = softmax(x·factor)` over the n visible scores, then `folded = p·powers`; both are +0 from n to `end`.
    ///
    /// - Parameter powers: 2^(the values' scale exponents), n of them.
    /// - Returns: the largest magnitude of `folded` as bits with the sign cleared. n ≥ 1.
    public static func attentionRow(
        _ x: UnsafeMutablePointer<Float>, _ n: Int, end: Int, factor: Float, powers: UnsafePointer<Float>,
        folded: UnsafeMutablePointer<Float>
    ) -> UInt32 {
        PointwiseKernels.call { $0.attention_row(x, n, end, factor, powers, folded) }
    }

    /// The way back of one row: `dp` becomes `ds = (p·(dp − k))·factor` with `k = lanedot(p, dp)`, then `folded = ds·keyPowers`; both are +0
    /// from n to `end`.
    ///
    /// - Parameters:
    ///   - queryPower: 2^(the row's query scale); `keyLargest` becomes the larger of itself and `|ds·queryPower|`.
    ///   - outputPower: 2^(the row's output gradient scale); `valueLargest` becomes the larger of itself and `|p·outputPower|`.
    /// - Returns: the largest magnitude of `folded` as bits with the sign cleared.
    public static func attentionRowBackward(
        _ p: UnsafePointer<Float>, dp: UnsafeMutablePointer<Float>, _ n: Int, end: Int, factor: Float,
        keyPowers: UnsafePointer<Float>, queryPower: Float, outputPower: Float, folded: UnsafeMutablePointer<Float>,
        keyLargest: UnsafeMutablePointer<Float>, valueLargest: UnsafeMutablePointer<Float>
    ) -> UInt32 {
        PointwiseKernels.call {
            $0.attention_row_backward(p, dp, n, end, factor, keyPowers, queryPower, outputPower, folded, keyLargest, valueLargest)
        }
    }

    // MARK: SwiGLU

    /// `a = (g·σ(g))·u`.
    public static func swiGLU(
        gate g: UnsafePointer<Float>, up u: UnsafePointer<Float>, _ n: Int, into a: UnsafeMutablePointer<Float>
    ) {
        PointwiseKernels.call { $0.swiglu(g, u, n, a) }
    }

    /// `dU = dA·(g·s)`, `dG = (dA·u)·(s·(1 + g·(1 − s)))`, s = σ(g); and `a` as in `swiGLU` once more. Outputs may be inputs, but not each other.
    public static func swiGLUBackward(
        gate g: UnsafePointer<Float>, up u: UnsafePointer<Float>, da: UnsafePointer<Float>, _ n: Int,
        dGate: UnsafeMutablePointer<Float>, dUp: UnsafeMutablePointer<Float>, activation a: UnsafeMutablePointer<Float>
    ) {
        PointwiseKernels.call { $0.swiglu_backward(g, u, da, n, dGate, dUp, a) }
    }

    // MARK: Rotary

    /// Rotates one head in place: `(a, b) = (u_i, u_{i+half})` becomes `(a·cos − b·sin, a·sin + b·cos)`.
    public static func rotate(
        _ u: UnsafeMutablePointer<Float>, half: Int, cos: UnsafePointer<Float>, sin: UnsafePointer<Float>
    ) {
        PointwiseKernels.call { $0.rotate(u, half, cos, sin) }
    }

    /// The gradient's way back: `(a·cos + b·sin, b·cos − a·sin)`.
    public static func rotateBackward(
        _ u: UnsafeMutablePointer<Float>, half: Int, cos: UnsafePointer<Float>, sin: UnsafePointer<Float>
    ) {
        PointwiseKernels.call { $0.rotate_backward(u, half, cos, sin) }
    }

    // MARK: Elementwise

    /// `c = a + b`.
    public static func add(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ n: Int, into c: UnsafeMutablePointer<Float>
    ) {
        PointwiseKernels.call { $0.add(a, b, n, c) }
    }

    /// `y = x·factor`.
    public static func scale(_ x: UnsafePointer<Float>, by factor: Float, _ n: Int, into y: UnsafeMutablePointer<Float>) {
        PointwiseKernels.call { $0.scale(x, factor, n, y) }
    }

    /// `y = (wa·a) + (wb·b)`.
    public static func combine(
        _ a: UnsafePointer<Float>, weight wa: Float, _ b: UnsafePointer<Float>, weight wb: Float, _ n: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        PointwiseKernels.call { $0.combine(a, wa, b, wb, n, y) }
    }

    // MARK: Optimizer

    /// `m ← m + (g − m)·0.1`; `w ← w − rate·sign(m)`, sign(±0) = 0, then clamped to ±4. Returns the largest magnitude of the
    /// new weights as bits with the sign cleared, for `Quantiser.exponent(ofLargest:bits:)`.
    ///
    /// - Parameters:
    ///   - planes: where given, takes the new momentum's planes, as ``digestPlanes(_:_:into:stride:)`` makes them.
    @discardableResult
    public static func signMomentumStep(
        weights w: UnsafeMutablePointer<Float>, momentum m: UnsafeMutablePointer<Float>, gradient g: UnsafePointer<Float>,
        _ n: Int, rate: Float, planes: UnsafeMutablePointer<UInt8>? = nil, planeStride: Int = 0
    ) -> UInt32 {
        PointwiseKernels.call { $0.sign_step(w, m, g, n, rate, planes, planeStride) }
    }

    /// The three planes of a digest leaf, ⌈n/8⌉ bytes each: m > 0, m < 0, lowest mantissa bit; element j is bit j mod 8 of byte ⌊j/8⌋.
    ///
    /// - Parameter stride: bytes from plane to plane; without it they lie one behind the other.
    public static func digestPlanes(_ m: UnsafePointer<Float>, _ n: Int, into planes: UnsafeMutablePointer<UInt8>, stride: Int? = nil) {
        PointwiseKernels.call { $0.planes(m, n, planes, stride ?? (n + 7) / 8) }
    }
}
