/// The pointwise operations of `Documentation/Protocol/Arithmetic.md` and `Model.md`, one number after the other, as the documents are written.
///
/// The authority for `Canonical`, which must give the same bits. Every operation is one binary32 rounding; nothing is fused. What a
/// thread's processor is set to shows here and not in `Canonical`; ``withCanonicalFloatingPoint(_:)`` sets it right.
enum CanonicalReference {
    // MARK: Functions

    /// exp. A NaN stays a NaN.
    static func exp(_ x: Float) -> Float {
        var t = x
        if t < -80 { t = -80 }
        if t > 80 { t = 80 }
        let shifted = t * 1.44269504088896341 + 12_582_912
        let n = shifted - 12_582_912
        let r = (t - n * 0.693359375) - n * -2.12194440e-4
        let z = r * r
        var p: Float = 1.9875691500e-4
        p = p * r + 1.3981999507e-3
        p = p * r + 8.3334519073e-3
        p = p * r + 4.1665795894e-2
        p = p * r + 1.6666665459e-1
        p = p * r + 5.0000001201e-1
        let y = ((p * z) + r) + 1
        // The bits of 12582912 + n count n in units of the last place.
        return y * PowerOfTwo.float(Int32(truncatingIfNeeded: Int64(shifted.bitPattern) &- 0x4B40_0000))
    }

    /// 1 / (1 + exp(−x)).
    static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

    /// The natural logarithm of a normal, positive number. Other arguments give some number, without a trap.
    static func log(_ x: Float) -> Float {
        let bits = x.bitPattern
        var e = Int32(truncatingIfNeeded: (bits >> 23) & 0xFF) &- 126
        let m = Float(bitPattern: (bits & 0x007F_FFFF) | 0x3F00_0000)
        let r: Float
        if m < 0.707106781186547524 {
            e &-= 1
            r = (m + m) - 1
        } else {
            r = m - 1
        }
        let exponent = Float(e)
        let z = r * r
        var p: Float = 7.0376836292e-2
        p = p * r + -1.1514610310e-1
        p = p * r + 1.1676998740e-1
        p = p * r + -1.2420140846e-1
        p = p * r + 1.4249322787e-1
        p = p * r + -1.6668057665e-1
        p = p * r + 2.0000714765e-1
        p = p * r + -2.4999993993e-1
        p = p * r + 3.3333331174e-1
        var y = (p * r) * z
        y = y + exponent * -2.12194440e-4
        y = y - 0.5 * z
        return (r + y) + exponent * 0.693359375
    }

    // MARK: Sums

    private static func laneSum(_ n: Int, _ term: (Int) -> Float) -> Float {
        var lanes = [Float](repeating: 0, count: 16)
        for i in 0..<max(n, 0) { lanes[i % 16] = lanes[i % 16] + term(i) }
        for h in [8, 4, 2, 1] {
            for l in 0..<h { lanes[l] = lanes[l] + lanes[l + h] }
        }
        return lanes[0]
    }

    static func laneSum(_ x: UnsafePointer<Float>, _ n: Int) -> Float { laneSum(n) { x[$0] } }

    static func laneSumOfSquares(_ x: UnsafePointer<Float>, _ n: Int) -> Float { laneSum(n) { x[$0] * x[$0] } }

    static func laneDot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ n: Int) -> Float {
        laneSum(n) { x[$0] * y[$0] }
    }

    // MARK: Norms

    static func rmsNorm(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, _ n: Int, into y: UnsafeMutablePointer<Float>
    ) -> Float {
        let q = laneSumOfSquares(x, n)
        let r = 1 / (q / Float(n) + 1e-6).squareRoot()
        for i in 0..<max(n, 0) { y[i] = (x[i] * r) * gain[i] }
        return r
    }

    static func rmsNormBackward(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, r: Float, dy: UnsafePointer<Float>, _ n: Int,
        dx: UnsafeMutablePointer<Float>, gainTerms: UnsafeMutablePointer<Float>
    ) {
        let c = laneSum(n) { (dy[$0] * gain[$0]) * x[$0] }
        let f = ((r * r) * r) * (c / Float(n))
        for i in 0..<max(n, 0) {
            let u = dy[i] * gain[i]
            let term = dy[i] * (x[i] * r)
            dx[i] = (u * r) - (x[i] * f)
            gainTerms[i] = term
        }
    }

    // MARK: Softmax

    static func softmax(
        _ x: UnsafePointer<Float>, _ n: Int, into p: UnsafeMutablePointer<Float>
    ) -> SoftmaxSums {
        var maximum = -Float.infinity
        for i in 0..<max(n, 0) where x[i] > maximum { maximum = x[i] }
        maximum = maximum + 0  // −0 becomes +0, whichever zero came first
        for i in 0..<max(n, 0) { p[i] = exp(x[i] - maximum) }
        let sum = laneSum(p, n)
        let c = 1 / sum
        for i in 0..<max(n, 0) { p[i] = p[i] * c }
        return SoftmaxSums(maximum: maximum, sum: sum)
    }

    static func softmaxBackward(
        _ p: UnsafePointer<Float>, dp: UnsafePointer<Float>, _ n: Int, factor: Float, into ds: UnsafeMutablePointer<Float>
    ) {
        let k = laneDot(p, dp, n)
        for i in 0..<max(n, 0) { ds[i] = (p[i] * (dp[i] - k)) * factor }
    }

    static func crossEntropy(
        _ logits: UnsafePointer<Float>, _ n: Int, target: Int, factor: Float, gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        let wanted = logits[target]
        let sums = softmax(logits, n, into: gradient)
        gradient[target] = gradient[target] - 1
        for i in 0..<max(n, 0) { gradient[i] = gradient[i] * factor }
        return (log(sums.sum) + sums.maximum) - wanted
    }

    // MARK: SwiGLU

    static func swiGLU(
        gate g: UnsafePointer<Float>, up u: UnsafePointer<Float>, _ n: Int, into a: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<max(n, 0) { a[i] = (g[i] * sigmoid(g[i])) * u[i] }
    }

    static func swiGLUBackward(
        gate g: UnsafePointer<Float>, up u: UnsafePointer<Float>, da: UnsafePointer<Float>, _ n: Int,
        dGate: UnsafeMutablePointer<Float>, dUp: UnsafeMutablePointer<Float>, activation a: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<max(n, 0) {
            let gate = g[i]
            let up = u[i]
            let d = da[i]
            let s = sigmoid(gate)
            a[i] = (gate * s) * up
            dUp[i] = d * (gate * s)
            dGate[i] = (d * up) * (s * (1 + gate * (1 - s)))
        }
    }

    // MARK: Rotary

    static func rotate(
        _ u: UnsafeMutablePointer<Float>, half: Int, cos: UnsafePointer<Float>, sin: UnsafePointer<Float>
    ) {
        for i in 0..<max(half, 0) {
            let (a, b) = (u[i], u[i + half])
            u[i] = a * cos[i] - b * sin[i]
            u[i + half] = a * sin[i] + b * cos[i]
        }
    }

    static func rotateBackward(
        _ u: UnsafeMutablePointer<Float>, half: Int, cos: UnsafePointer<Float>, sin: UnsafePointer<Float>
    ) {
        for i in 0..<max(half, 0) {
            let (a, b) = (u[i], u[i + half])
            u[i] = a * cos[i] + b * sin[i]
            u[i + half] = b * cos[i] - a * sin[i]
        }
    }

    // MARK: Elementwise

    static func add(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ n: Int, into c: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<max(n, 0) { c[i] = a[i] + b[i] }
    }

    static func scale(_ x: UnsafePointer<Float>, by factor: Float, _ n: Int, into y: UnsafeMutablePointer<Float>) {
        for i in 0..<max(n, 0) { y[i] = x[i] * factor }
    }

    static func combine(
        _ a: UnsafePointer<Float>, weight wa: Float, _ b: UnsafePointer<Float>, weight wb: Float, _ n: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<max(n, 0) { y[i] = (wa * a[i]) + (wb * b[i]) }
    }

    // MARK: Optimizer

    @discardableResult
    static func signMomentumStep(
        weights w: UnsafeMutablePointer<Float>, momentum m: UnsafeMutablePointer<Float>, gradient g: UnsafePointer<Float>,
        _ n: Int, rate: Float, planes: UnsafeMutablePointer<UInt8>? = nil, planeStride: Int = 0
    ) -> UInt32 {
        var largest: UInt32 = 0
        for i in 0..<max(n, 0) {
            m[i] = m[i] + (g[i] - m[i]) * 0.1
            var next = w[i]
            if m[i] > 0 { next = next - rate }
            if m[i] < 0 { next = next + rate }
            if next > 4 { next = 4 }
            if next < -4 { next = -4 }
            w[i] = next
            largest = max(largest, next.bitPattern & 0x7FFF_FFFF)
        }
        if let planes { digestPlanes(m, n, into: planes, stride: planeStride) }
        return largest
    }

    static func digestPlanes(_ m: UnsafePointer<Float>, _ n: Int, into planes: UnsafeMutablePointer<UInt8>, stride: Int? = nil) {
        let stride = stride ?? (max(n, 0) + 7) / 8
        for plane in 0..<3 {
            for byte in 0..<(max(n, 0) + 7) / 8 { planes[plane * stride + byte] = 0 }
        }
        for i in 0..<max(n, 0) {
            let bit = UInt8(1) << UInt8(i % 8)
            if m[i] > 0 { planes[i / 8] |= bit }
            if m[i] < 0 { planes[stride + i / 8] |= bit }
            if m[i].bitPattern & 1 == 1 { planes[2 * stride + i / 8] |= bit }
        }
    }
}
