extension KernelCheck {
    static let rows = 11

    /// Row `row` of a contiguous matrix.
    static func row(_ x: [Float], _ row: Int, _ columns: Int) -> [Float] { Array(x[row * columns..<(row + 1) * columns]) }

    static func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }

    func layers() throws(CUDAFault) {
        for columns in Self.lengths {
            try norms(columns)
            try loss(columns, rows: Self.rows)
        }
        try loss(3, rows: 300)
        for half in [2, 16, 37] { try rotary(half) }
    }

    private func norms(_ n: Int) throws(CUDAFault) {
        let rows = Self.rows
        let x = numbers(rows * n, list: 1), gain = numbers(n, list: 2), dy = numbers(rows * n, list: 3)
        var inverses: [Float] = [], y: [Float] = [], dx: [Float] = [], terms: [Float] = []
        for row in 0..<rows {
            let numbers = Self.row(x, row, n)
            var (a, b, c) = (Self.zeros(n), Self.zeros(n), Self.zeros(n))
            inverses.append(CanonicalReference.rmsNorm(numbers, gain: gain, n, into: &a))
            // Tiny rows make r large; a moderate one keeps the way back finite.
            CanonicalReference.rmsNormBackward(numbers, gain: gain, r: 0.7, dy: Self.row(dy, row, n), n, dx: &b, gainTerms: &c)
            y += a
            dx += b
            terms += c
        }
        try compare("RMSNorm") { memory throws(CUDAFault) in
            let target = try memory.floats(rows * n), r = try memory.floats(rows)
            try kernels.rmsNorm(try memory.put(x), gain: try memory.put(gain), rows: rows, columns: n, into: target, inverses: r)
            try memory.expect(inverses, at: r, "RMSNorm's inverses of \(n) columns")
            try memory.expect(y, at: target, "RMSNorm of \(n) columns")
        }
        // The gradient is replaced in place, as a trainer does.
        try compare("RMSNorm's backward") { memory throws(CUDAFault) in
            let gradient = try memory.put(dy), gainTerms = try memory.floats(rows * n)
            try kernels.rmsNormBackward(
                try memory.put(x), gain: try memory.put(gain), inverses: try memory.put([Float](repeating: 0.7, count: rows)), dy: gradient,
                rows: rows, columns: n, dx: gradient, gainTerms: gainTerms)
            try memory.expect(dx, at: gradient, "RMSNorm's backward of \(n) columns")
            try memory.expect(terms, at: gainTerms, "RMSNorm's gain terms of \(n) columns")
        }
    }

    private func loss(_ n: Int, rows: Int) throws(CUDAFault) {
        let factor: Float = 1 / 96
        var logits = numbers(rows * n, list: 4)
        // A row of zeros of both signs, and one beyond the clamps of exp.
        for column in 0..<n {
            logits[2 * n + column] = column % 2 == 0 ? -0.0 : 0
            logits[3 * n + column] = Float(column * 200)
        }
        var targets = integers(rows, list: 5, in: 0...n - 1).map { Int32($0) }
        // Losses that are logarithms alone, of numbers from 2 down to 1.
        for row in Self.rows..<max(rows, Self.rows) {
            for column in 0..<n { logits[row * n + column] = column == 0 ? 0 : column == 1 ? Float(row - Self.rows) * -0.015 : -100 }
            targets[row] = 0
        }
        var losses: [Float] = [], gradients: [Float] = []
        for row in 0..<rows {
            var gradient = Self.zeros(n)
            losses.append(
                CanonicalReference.crossEntropy(
                    Self.row(logits, row, n), n, target: Int(targets[row]), factor: factor, gradient: &gradient))
            gradients += gradient
        }
        try compare("cross entropy") { memory throws(CUDAFault) in
            let z = try memory.put(logits), target = try memory.floats(rows)
            try kernels.crossEntropy(
                z, targets: try memory.put(targets), rows: rows, columns: n, factor: factor, losses: target)
            try memory.expect(gradients, at: z, "cross entropy's gradient of \(n) columns")
            try memory.expect(losses, at: target, "cross entropy of \(n) columns")
        }
    }

    private func rotary(_ half: Int) throws(CUDAFault) {
        let (tokens, heads, length) = (7, 3, 4)
        let u = numbers(tokens * heads * 2 * half, list: 6)
        let cos = numbers(length * half, list: 7), sin = numbers(length * half, list: 8)
        for backward in [false, true] {
            var expected: [Float] = []
            for row in 0..<tokens * heads {
                var turned = Self.row(u, row, 2 * half)
                let position = row / heads % length
                let angles = (Self.row(cos, position, half), Self.row(sin, position, half))
                if backward {
                    CanonicalReference.rotateBackward(&turned, half: half, cos: angles.0, sin: angles.1)
                } else {
                    CanonicalReference.rotate(&turned, half: half, cos: angles.0, sin: angles.1)
                }
                expected += turned
            }
            try compare("rotary") { memory throws(CUDAFault) in
                let target = try memory.put(u)
                try kernels.rotate(
                    target, tokens: tokens, heads: heads, length: length, half: half, cos: try memory.put(cos), sin: try memory.put(sin),
                    backward: backward)
                try memory.expect(expected, at: target, backward ? "rotary's backward" : "rotary")
            }
        }
    }

    // MARK: Attention

    func attention() throws(CUDAFault) {
        let (windows, heads, length, stride) = (2, 3, 21, 24)
        let pairs = windows * heads, count = pairs * length * stride, factor: Float = 0.3
        let x = numbers(count, list: 9), dp = numbers(count, list: 10)
        let exponents = integers(windows * length * heads, list: 11, in: -60...20).map { Int32($0) }
        // What stands behind a row's `length` is not touched.
        var (p, folded) = (x, Self.zeros(count)), (ds, foldedGradient) = (dp, Self.zeros(count))
        for pair in 0..<pairs {
            for i in 0..<length {
                let place = (pair * length + i) * stride, n = i + 1
                var scores = Array(x[place..<place + n]), gradient = Self.zeros(n)
                CanonicalReference.scale(scores, by: factor, n, into: &scores)
                _ = CanonicalReference.softmax(scores, n, into: &scores)
                // The way back starts from any p.
                CanonicalReference.softmaxBackward(
                    Array(x[place..<place + n]), dp: Array(dp[place..<place + n]), n, factor: factor, into: &gradient)
                for j in 0..<length {
                    let power = PowerOfTwo.float(exponents[(pair / heads * length + j) * heads + pair % heads])
                    p[place + j] = j < n ? scores[j] : 0
                    folded[place + j] = j < n ? scores[j] * power : 0
                    ds[place + j] = j < n ? gradient[j] : 0
                    foldedGradient[place + j] = j < n ? gradient[j] * power : 0
                }
            }
        }
        try compare("attention rows") { memory throws(CUDAFault) in
            let scores = try memory.put(x), target = try memory.put(Self.zeros(count))
            try kernels.attentionRows(
                scores, exponents: try memory.put(exponents), pairs: pairs, length: length, heads: heads, stride: stride, factor: factor,
                folded: target)
            try memory.expect(p, at: scores, "attention rows")
            try memory.expect(folded, at: target, "folded attention rows")
        }
        try compare("attention rows' backward") { memory throws(CUDAFault) in
            let gradient = try memory.put(dp), target = try memory.put(Self.zeros(count))
            try kernels.attentionRowsBackward(
                try memory.put(x), dp: gradient, exponents: try memory.put(exponents), pairs: pairs, length: length, heads: heads,
                stride: stride, factor: factor, folded: target)
            try memory.expect(ds, at: gradient, "attention rows' backward")
            try memory.expect(foldedGradient, at: target, "folded attention gradient")
        }
    }
}
