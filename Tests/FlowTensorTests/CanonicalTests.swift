@testable import FlowTensor
import TestSupport
import Testing

/// Every vectorised operation against the scalar reference, in bits, on every instruction set of this machine.
@Suite(.serialized) struct CanonicalTests {
    static let lengths = [1, 2, 3, 7, 8, 15, 16, 17, 24, 31, 32, 33, 47, 48, 64, 100, 128, 258, 511]

    /// Runs a comparison for all instruction sets, lengths and several seeds, with ordinary numbers and with extreme ones.
    private func compare(
        _ name: String, _ body: (Int, _ numbers: (Int) -> [Float], inout SeededGenerator) -> (expected: [Float], actual: [Float])
    ) {
        let before = InstructionSet.best
        defer { InstructionSet.select(forPointwise: before) }
        for set in InstructionSet.allCases where set.isAvailable {
            InstructionSet.select(forPointwise: set)
            for length in Self.lengths {
                for extreme in [false, true] {
                    let seed = UInt64.random(in: 0 ... .max)
                    var generator = SeededGenerator(seed: seed)
                    var source = SeededGenerator(seed: seed &+ 1)
                    let (expected, actual) = body(
                        length, { extreme ? Numbers.mixed($0, &source) : Numbers.ordinary($0, &source) }, &generator)
                    let same = Numbers.bits(expected) == Numbers.bits(actual)
                    #expect(same, "\(name), \(set), n \(length), extreme \(extreme), seed \(seed)")
                }
            }
        }
    }

    private func both(_ count: Int, _ body: (Bool, UnsafeMutablePointer<Float>) -> Void) -> (expected: [Float], actual: [Float]) {
        var lists: [[Float]] = []
        for reference in [true, false] {
            // One number too many, which must stay as it is.
            var y = [Float](repeating: 12345, count: count + 1)
            body(reference, &y)
            lists.append(y)
        }
        return (lists[0], lists[1])
    }

    @Test func functions() {
        compare("exp") { n, numbers, _ in
            let x = numbers(n)
            return both(n) { reference, y in
                if reference { for i in 0..<n { y[i] = CanonicalReference.exp(x[i]) } } else { Canonical.exp(x, n, into: y) }
            }
        }
        compare("sigmoid") { n, numbers, _ in
            let x = numbers(n)
            return both(n) { reference, y in
                if reference { for i in 0..<n { y[i] = CanonicalReference.sigmoid(x[i]) } } else { Canonical.sigmoid(x, n, into: y) }
            }
        }
    }

    @Test func sums() {
        compare("lane sums") { n, numbers, _ in
            let (x, y) = (numbers(n), numbers(n))
            return (
                [CanonicalReference.laneSum(x, n), CanonicalReference.laneSumOfSquares(x, n), CanonicalReference.laneDot(x, y, n)],
                [Canonical.laneSum(x, n), Canonical.laneSumOfSquares(x, n), Canonical.laneDot(x, y, n)]
            )
        }
    }

    @Test func norms() {
        compare("rmsNorm") { n, numbers, _ in
            let (x, g) = (numbers(n), numbers(n))
            return both(n + 1) { reference, y in
                y[n] = reference ? CanonicalReference.rmsNorm(x, gain: g, n, into: y) : Canonical.rmsNorm(x, gain: g, n, into: y)
            }
        }
        compare("rmsNormBackward") { n, numbers, _ in
            // Magnitudes whose products stay finite: the bits of a NaN are nobody's promise.
            let (x, g, dy) = (numbers(n).map { $0 * 1e-9 }, numbers(n).map { $0 * 1e-9 }, numbers(n).map { $0 * 1e-9 })
            var unused = x
            let r = CanonicalReference.rmsNorm(x, gain: g, n, into: &unused)
            return both(2 * n) { reference, y in
                if reference {
                    CanonicalReference.rmsNormBackward(x, gain: g, r: r, dy: dy, n, dx: y, gainTerms: y + n)
                } else {
                    Canonical.rmsNormBackward(x, gain: g, r: r, dy: dy, n, dx: y, gainTerms: y + n)
                }
            }
        }
        compare("rmsNormBackward in place") { n, numbers, _ in
            let (x, g, dy) = (numbers(n).map { $0 * 1e-9 }, numbers(n).map { $0 * 1e-9 }, numbers(n).map { $0 * 1e-9 })
            return both(2 * n) { reference, y in
                for i in 0..<n { y[i] = dy[i] }
                if reference {
                    CanonicalReference.rmsNormBackward(x, gain: g, r: 0.5, dy: dy, n, dx: y, gainTerms: y + n)
                } else {
                    Canonical.rmsNormBackward(x, gain: g, r: 0.5, dy: y, n, dx: y, gainTerms: y + n)
                }
            }
        }
    }

    @Test func softmax() {
        compare("softmax") { n, numbers, _ in
            let x = numbers(n)
            return both(n + 2) { reference, y in
                let sums = reference ? CanonicalReference.softmax(x, n, into: y) : Canonical.softmax(x, n, into: y)
                y[n] = sums.maximum
                y[n + 1] = sums.sum
            }
        }
        compare("softmax in place") { n, numbers, _ in
            let x = numbers(n)
            return both(n) { reference, y in
                for i in 0..<n { y[i] = x[i] }
                if reference { _ = CanonicalReference.softmax(x, n, into: y) } else { Canonical.softmax(y, n, into: y) }
            }
        }
        compare("softmaxBackward") { n, numbers, _ in
            let (p, dp) = (numbers(n), numbers(n))
            return both(n) { reference, y in
                if reference {
                    CanonicalReference.softmaxBackward(p, dp: dp, n, factor: 0.125, into: y)
                } else {
                    Canonical.softmaxBackward(p, dp: dp, n, factor: 0.125, into: y)
                }
            }
        }
        compare("crossEntropy") { n, numbers, generator in
            let x = numbers(n)
            let target = Int.random(in: 0..<n, using: &generator)
            return both(n + 1) { reference, y in
                y[n] =
                    reference
                    ? CanonicalReference.crossEntropy(x, n, target: target, factor: 1 / 96, gradient: y)
                    : Canonical.crossEntropy(x, n, target: target, factor: 1 / 96, gradient: y)
            }
        }
    }

    private static func largest(_ numbers: [Float]) -> Float {
        Float(bitPattern: numbers.reduce(0) { max($0, $1.bitPattern & 0x7FFF_FFFF) })
    }

    /// The fused rows against the operations that they are made of, with zeros behind the visible part.
    @Test func attentionRows() {
        compare("attentionRow") { n, numbers, generator in
            let (x, end) = (numbers(n).map { $0 * 1e-9 }, n + 5)
            let powers = (0..<n).map { _ in PowerOfTwo.float(Int32.random(in: -60...40, using: &generator)) }
            return both(2 * end + 1) { reference, y in
                for i in 0..<n { y[i] = x[i] }
                if reference {
                    CanonicalReference.scale(x, by: 0.25, n, into: y)
                    _ = CanonicalReference.softmax(Array(UnsafeBufferPointer(start: y, count: n)), n, into: y)
                    for i in 0..<n { y[end + i] = y[i] * powers[i] }
                    for i in n..<end { (y[i], y[end + i]) = (0, 0) }
                    y[2 * end] = Self.largest(UnsafeBufferPointer(start: y + end, count: end).map { $0 })
                } else {
                    let bits = Canonical.attentionRow(y, n, end: end, factor: 0.25, powers: powers, folded: y + end)
                    y[2 * end] = Float(bitPattern: bits)
                }
            }
        }
        compare("attentionRowBackward") { n, numbers, generator in
            let (p, dp, end) = (numbers(n).map { $0 * 1e-9 }, numbers(n).map { $0 * 1e-9 }, n + 5)
            let before = numbers(2 * n).map { abs($0) * 1e-9 }
            let powers = (0..<n).map { _ in PowerOfTwo.float(Int32.random(in: -60...40, using: &generator)) }
            return both(2 * end + 2 * n + 1) { reference, y in
                let (folded, keys, values) = (y + end, y + 2 * end, y + 2 * end + n)
                for i in 0..<n { (y[i], keys[i], values[i]) = (dp[i], before[i], before[n + i]) }
                if reference {
                    CanonicalReference.softmaxBackward(p, dp: dp, n, factor: 0.125, into: y)
                    for i in 0..<n {
                        folded[i] = y[i] * powers[i]
                        keys[i] = max(keys[i], abs(y[i] * 4))
                        values[i] = max(values[i], abs(p[i] * 0.5))
                    }
                    for i in n..<end { (y[i], folded[i]) = (0, 0) }
                    y[2 * end + 2 * n] = Self.largest(UnsafeBufferPointer(start: folded, count: n).map { $0 })
                } else {
                    let bits = Canonical.attentionRowBackward(
                        p, dp: y, n, end: end, factor: 0.125, keyPowers: powers, queryPower: 4, outputPower: 0.5, folded: folded,
                        keyLargest: keys, valueLargest: values)
                    y[2 * end + 2 * n] = Float(bitPattern: bits)
                }
            }
        }
    }

    @Test func swiGLU() {
        compare("swiGLU") { n, numbers, _ in
            let (g, u) = (numbers(n), numbers(n))
            return both(n) { reference, y in
                if reference { CanonicalReference.swiGLU(gate: g, up: u, n, into: y) } else { Canonical.swiGLU(gate: g, up: u, n, into: y) }
            }
        }
        compare("swiGLUBackward") { n, numbers, _ in
            let (g, u, d) = (numbers(n).map { $0 * 1e-9 }, numbers(n).map { $0 * 1e-9 }, numbers(n).map { $0 * 1e-9 })
            return both(3 * n) { reference, y in
                if reference {
                    CanonicalReference.swiGLUBackward(gate: g, up: u, da: d, n, dGate: y, dUp: y + n, activation: y + 2 * n)
                } else {
                    Canonical.swiGLUBackward(gate: g, up: u, da: d, n, dGate: y, dUp: y + n, activation: y + 2 * n)
                }
            }
        }
    }

    @Test func rotary() {
        for backward in [false, true] {
            compare("rotate, backward \(backward)") { n, numbers, _ in
                let (u, c, s) = (numbers(2 * n), numbers(n), numbers(n))
                return both(2 * n) { reference, y in
                    for i in 0..<2 * n { y[i] = u[i] }
                    switch (reference, backward) {
                    case (true, false): CanonicalReference.rotate(y, half: n, cos: c, sin: s)
                    case (true, true): CanonicalReference.rotateBackward(y, half: n, cos: c, sin: s)
                    case (false, false): Canonical.rotate(y, half: n, cos: c, sin: s)
                    case (false, true): Canonical.rotateBackward(y, half: n, cos: c, sin: s)
                    }
                }
            }
        }
    }

    @Test func elementwise() {
        compare("add") { n, numbers, _ in
            let (a, b) = (numbers(n), numbers(n))
            return both(n) { $0 ? CanonicalReference.add(a, b, n, into: $1) : Canonical.add(a, b, n, into: $1) }
        }
        compare("scale") { n, numbers, _ in
            let x = numbers(n)
            return both(n) { $0 ? CanonicalReference.scale(x, by: 0.3, n, into: $1) : Canonical.scale(x, by: 0.3, n, into: $1) }
        }
        compare("combine") { n, numbers, _ in
            let (a, b) = (numbers(n), numbers(n))
            return both(n) {
                $0
                    ? CanonicalReference.combine(a, weight: 0.7, b, weight: 0.3, n, into: $1)
                    : Canonical.combine(a, weight: 0.7, b, weight: 0.3, n, into: $1)
            }
        }
    }

    @Test func optimizer() {
        compare("signMomentumStep") { n, numbers, _ in
            let (w, m, g) = (numbers(n), numbers(n), numbers(n))
            return both(2 * n + 1) { reference, y in
                for i in 0..<n { (y[i], y[n + i]) = (w[i], m[i]) }
                y[2 * n] = Float(
                    bitPattern: reference
                        ? CanonicalReference.signMomentumStep(weights: y, momentum: y + n, gradient: g, n, rate: 0x1p-10)
                        : Canonical.signMomentumStep(weights: y, momentum: y + n, gradient: g, n, rate: 0x1p-10))
            }
        }
        compare("signMomentumStep with planes") { n, numbers, _ in
            let (w, m, g) = (numbers(n), numbers(n), numbers(n))
            return both(2 * n) { reference, y in
                for i in 0..<n { (y[i], y[n + i]) = (w[i], m[i]) }
                let stride = (n + 7) / 8 + 3
                var planes = [UInt8](repeating: 0xAA, count: 3 * stride), alone = planes
                if reference {
                    CanonicalReference.signMomentumStep(
                        weights: y, momentum: y + n, gradient: g, n, rate: 0x1p-10, planes: &planes, planeStride: stride)
                } else {
                    Canonical.signMomentumStep(
                        weights: y, momentum: y + n, gradient: g, n, rate: 0x1p-10, planes: &planes, planeStride: stride)
                }
                CanonicalReference.digestPlanes(y + n, n, into: &alone)
                for plane in 0..<3 {
                    let (first, bytes) = (plane * stride, (n + 7) / 8)
                    #expect(planes[first..<first + bytes] == alone[plane * bytes..<(plane + 1) * bytes])
                    #expect(planes[first + bytes..<first + stride].allSatisfy { $0 == 0xAA })
                }
            }
        }
        compare("digestPlanes") { n, numbers, _ in
            let m = numbers(n)
            var planes = [[UInt8]](repeating: [UInt8](repeating: 0xAA, count: 3 * ((n + 7) / 8) + 1), count: 2)
            CanonicalReference.digestPlanes(m, n, into: &planes[0])
            Canonical.digestPlanes(m, n, into: &planes[1])
            return (planes[0].map { Float($0) }, planes[1].map { Float($0) })
        }
    }

    /// Arithmetic.md, Momentum is finite: gradients are at most 2^125, and momentum never exceeds the largest of them.
    @Test func momentumStaysWithinTheGradients() {
        defer { InstructionSet.select(forPointwise: InstructionSet.best) }
        let seed: UInt64 = 0x6d6f_6d65
        var generator = SeededGenerator(seed: seed)
        let bound: Float = 0x1p125
        let edges: [Float] = [0, -0.0, .leastNonzeroMagnitude, 3 * .leastNonzeroMagnitude, .leastNormalMagnitude, 1, bound.nextDown, bound]
        let n = 4_096
        func gradients() -> [Float] {
            (0..<n).map { _ in
                let word = generator.next()
                let magnitude =
                    word >> 61 == 0
                    ? edges[Int(word % 8)] : Float(bitPattern: UInt32(word % 252) << 23 | UInt32(truncatingIfNeeded: word >> 32) & 0x7f_ffff)
                return word >> 8 & 1 == 0 ? magnitude : -magnitude
            }
        }
        for set in InstructionSet.allCases where set.isAvailable {
            InstructionSet.select(forPointwise: set)
            var momentum = [Float](repeating: 0, count: n), weights = momentum, most = momentum
            for step in 0..<64 {
                let gradient = gradients()
                #expect(gradient.allSatisfy { $0.magnitude <= bound })
                Canonical.signMomentumStep(weights: &weights, momentum: &momentum, gradient: gradient, n, rate: 0x1p-10)
                for i in 0..<n { most[i] = max(most[i], gradient[i].magnitude) }
                #expect((0..<n).allSatisfy { momentum[$0].magnitude <= most[$0] }, "\(set), seed \(seed), step \(step)")
            }
        }
        // The bound is what keeps the difference finite.
        var momentum: [Float] = [-0x1p127], weights: [Float] = [0]
        Canonical.signMomentumStep(weights: &weights, momentum: &momentum, gradient: [0x1p127], 1, rate: 0x1p-10)
        #expect(momentum == [.infinity])
    }

    @Test func kernelsAreAdmitted() throws {
        defer { InstructionSet.select(forPointwise: InstructionSet.best) }
        for set in InstructionSet.allCases where set.isAvailable {
            InstructionSet.select(forPointwise: set)
            #expect(throws: Never.self, "\(set)") { try checkCanonicalOperations() }
        }
    }

    @Test func emptyListsDoNothing() {
        var y: [Float] = [7]
        Canonical.exp(y, 0, into: &y)
        Canonical.add(y, y, 0, into: &y)
        #expect(y == [7])
        #expect(Canonical.laneSum(y, 0).bitPattern == 0)
    }

    @Test func accuracy() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let x = Float.random(in: -80...80, using: &generator)
            #expect(abs(Double(Canonical.exp(x)) / exponential(Double(x)) - 1) < 3e-7, "exp(\(x))")
        }
        #expect(Canonical.exp(Float.nan).isNaN)
        #expect(Canonical.exp(SIMD16(repeating: Float.nan))[3].isNaN)
        #expect(Canonical.exp(Float(0)) == 1)
        #expect(Canonical.log(1) == 0)
    }

    /// exp in binary64 by squaring a short series, so that the test needs no library.
    private func exponential(_ x: Double) -> Double {
        let small = x / 4096
        var term = 1.0
        var sum = 1.0
        for i in 1...12 {
            term *= small / Double(i)
            sum += term
        }
        for _ in 0..<12 { sum *= sum }
        return sum
    }
}
