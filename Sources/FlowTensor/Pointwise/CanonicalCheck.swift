/// Compares the pointwise kernels in use with `CanonicalReference` bit for bit, on ordinary numbers, denormals and large ones, at lengths with and
/// without a rest, and the processor's floating point with known answers: gradual underflow, rounding half to even.
///
/// What the thread's processor is set to does not matter. Takes well under a millisecond in an optimised build. `BackendSelection.admission` calls it.
/// - Throws: `BackendFault.wrongArithmetic` with the operation that differs.
public func checkCanonicalOperations() throws(BackendFault) {
    try withCanonicalFloatingPoint { () throws(BackendFault) in
        try CanonicalCheck.environment()
        for length in [1, 15, 16, 37, 96] { try CanonicalCheck(length: length).run() }
    }
}

struct CanonicalCheck {
    private let n: Int
    private let inputs: [[Float]]

    init(length: Int) {
        n = length
        inputs = (0..<4).map { list in (0..<2 * length).map { Self.number($0, list: list) } }
    }

    /// A processor, or what emulates it, that flushes small numbers or rounds otherwise though it is set not to gets other bits everywhere.
    static func environment() throws(BackendFault) {
        for (x, factor, expected) in [
            (Float(bitPattern: 0x0080_0000), Float(0.5), UInt32(0x0040_0000)),  // 2^−126 / 2 is a denormal
            (Float(bitPattern: 0x0000_0002), 0.5, 0x0000_0001),
            (Float(bitPattern: 0x0000_0003), 0.5, 0x0000_0002),  // 1.5 rounds to the even 2
            (Float(bitPattern: 0x3F80_0001), 1.5, 0x3FC0_0002),  // a tie, to even
            (Float(bitPattern: 0xBF80_0003), 1.5, 0xBFC0_0004),
        ] {
            var y: [Float] = [0]
            Canonical.scale([x], by: factor, 1, into: &y)
            guard y[0].bitPattern == expected else {
                throw .wrongArithmetic(operation: "multiplication", expected: expected, actual: y[0].bitPattern)
            }
        }
    }

    /// All magnitudes that stay finite in the operations below.
    private static func number(_ index: Int, list: Int) -> Float {
        let word = Philox.block(counter: (UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: list), 0, 0), key: (2026, 3))
        switch word.0 % 8 {
        case 0: return Float(bitPattern: word.1 & 0x807F_FFFF)
        case 1: return Float(bitPattern: (word.1 & 0x807F_FFFF) | 0x2000_0000)
        case 2: return Float(bitPattern: (word.1 & 0x807F_FFFF) | 0x4480_0000)
        default: return Float(Int32(bitPattern: word.1)) * 0x1p-29
        }
    }

    func run() throws(BackendFault) {
        let (x, y, z, w) = (inputs[0], inputs[1], inputs[2], inputs[3])
        try compare("exp") {
            if $0 { Canonical.exp(x, n, into: $1) } else { for i in 0..<n { $1[i] = CanonicalReference.exp(x[i]) } }
        }
        try compare("lane sums") {
            $1[0] = $0 ? Canonical.laneSum(x, n) : CanonicalReference.laneSum(x, n)
            $1[1] = $0 ? Canonical.laneDot(x, y, n) : CanonicalReference.laneDot(x, y, n)
        }
        try compare("RMSNorm") {
            $1[n] = $0 ? Canonical.rmsNorm(x, gain: y, n, into: $1) : CanonicalReference.rmsNorm(x, gain: y, n, into: $1)
        }
        try compare("RMSNorm's backward") {
            if $0 {
                Canonical.rmsNormBackward(x, gain: y, r: 0.7, dy: z, n, dx: $1, gainTerms: $1 + n)
            } else {
                CanonicalReference.rmsNormBackward(x, gain: y, r: 0.7, dy: z, n, dx: $1, gainTerms: $1 + n)
            }
        }
        try compare("softmax") {
            let sums = $0 ? Canonical.softmax(x, n, into: $1) : CanonicalReference.softmax(x, n, into: $1)
            ($1[n], $1[n + 1]) = (sums.maximum, sums.sum)
        }
        try compare("softmax's backward") {
            if $0 {
                Canonical.softmaxBackward(x, dp: y, n, factor: 0.3, into: $1)
            } else {
                CanonicalReference.softmaxBackward(x, dp: y, n, factor: 0.3, into: $1)
            }
        }
        try compare("SwiGLU") {
            $0 ? Canonical.swiGLU(gate: x, up: y, n, into: $1) : CanonicalReference.swiGLU(gate: x, up: y, n, into: $1)
        }
        try compare("SwiGLU's backward") {
            if $0 {
                Canonical.swiGLUBackward(gate: x, up: y, da: z, n, dGate: $1, dUp: $1 + n, activation: $1 + 2 * n)
            } else {
                CanonicalReference.swiGLUBackward(gate: x, up: y, da: z, n, dGate: $1, dUp: $1 + n, activation: $1 + 2 * n)
            }
        }
        try compare("rotary") {
            for i in 0..<2 * n { $1[i] = x[i] }
            $0 ? Canonical.rotate($1, half: n, cos: y, sin: z) : CanonicalReference.rotate($1, half: n, cos: y, sin: z)
            $0
                ? Canonical.rotateBackward($1, half: n, cos: z, sin: w)
                : CanonicalReference.rotateBackward($1, half: n, cos: z, sin: w)
        }
        for withPlanes in [false, true] {
            try compare("the optimizer") {
                for i in 0..<n { ($1[i], $1[n + i]) = (x[i], y[i]) }
                // Behind weights and momentum, a byte apart.
                let stride = (n + 7) / 8 + 1
                let planes = withPlanes ? UnsafeMutableRawPointer($1 + 2 * n).assumingMemoryBound(to: UInt8.self) : nil
                if $0 {
                    Canonical.signMomentumStep(
                        weights: $1, momentum: $1 + n, gradient: z, n, rate: 0x1p-10, planes: planes, planeStride: stride)
                } else {
                    CanonicalReference.signMomentumStep(
                        weights: $1, momentum: $1 + n, gradient: z, n, rate: 0x1p-10, planes: planes, planeStride: stride)
                }
            }
        }
    }

    /// Runs both sides on a fresh output of 3n + 2 numbers; the first argument is true for the kernels.
    private func compare(_ operation: String, _ body: (Bool, UnsafeMutablePointer<Float>) -> Void) throws(BackendFault) {
        var actual = [Float](repeating: 3, count: 3 * n + 2)
        var expected = actual
        body(true, &actual)
        body(false, &expected)
        for (x, y) in zip(actual, expected) where x.bitPattern != y.bitPattern {
            throw .wrongArithmetic(operation: "\(operation) on \(n) numbers", expected: y.bitPattern, actual: x.bitPattern)
        }
    }
}
