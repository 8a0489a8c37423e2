internal import FlowGGUF

/// Sums for inference. They are not consensus: other orders of addition are as right.
enum InferenceKernels {
    /// Σ a_i·b_i; `a` may have any alignment.
    static func dot(_ a: UnsafeRawPointer, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
        let other = UnsafeRawPointer(b)
        var first = SIMD16<Float>(repeating: 0)
        var second = SIMD16<Float>(repeating: 0)
        var index = 0
        while index + 32 <= count {
            let offset = 4 * index
            first += a.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
                * other.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
            second += a.loadUnaligned(fromByteOffset: offset + 64, as: SIMD16<Float>.self)
                * other.loadUnaligned(fromByteOffset: offset + 64, as: SIMD16<Float>.self)
            index += 32
        }
        var sum = (first + second).sum()
        while index < count {
            sum += a.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) * b[index]
            index += 1
        }
        return sum
    }

    /// Σ d·q_i·x_i over rows of Q8_0 blocks.
    static func dotQ8_0(_ row: UnsafeRawPointer, _ x: UnsafePointer<Float>, _ count: Int) -> Float {
        let input = UnsafeRawPointer(x)
        var sum: Float = 0
        for block in 0..<(count / 32) {
            let bytes = row + 34 * block
            let scale = HalfPrecision.float(
                binary16: UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self)))
            let low = SIMD16<Float>(bytes.loadUnaligned(fromByteOffset: 2, as: SIMD16<Int8>.self))
            let high = SIMD16<Float>(bytes.loadUnaligned(fromByteOffset: 18, as: SIMD16<Int8>.self))
            let part = low * input.loadUnaligned(fromByteOffset: 128 * block, as: SIMD16<Float>.self)
                + high * input.loadUnaligned(fromByteOffset: 128 * block + 64, as: SIMD16<Float>.self)
            sum += scale * part.sum()
        }
        return sum
    }

    /// Σ a_i·x_i with `a` in binary16.
    static func dotF16(_ row: UnsafeRawPointer, _ x: UnsafePointer<Float>, _ count: Int) -> Float {
        let input = UnsafeRawPointer(x)
        var lanes = SIMD16<Float>(repeating: 0)
        var index = 0
        while index + 16 <= count {
            let bits = row.loadUnaligned(fromByteOffset: 2 * index, as: SIMD16<UInt16>.self)
            lanes += floats(binary16: bits) * input.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
            index += 16
        }
        var sum = lanes.sum()
        while index < count {
            let bits = UInt16(littleEndian: row.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
            sum += HalfPrecision.float(binary16: bits) * x[index]
            index += 1
        }
        return sum
    }

    @inline(__always)
    private static func floats(binary16 bits: SIMD16<UInt16>) -> SIMD16<Float> {
        let wide = SIMD16<UInt32>(truncatingIfNeeded: bits)
        let magnitude = (wide & 0x7FFF) &<< 13
        let scaled = unsafeBitCast(unsafeBitCast(magnitude, to: SIMD16<Float>.self) * 0x1p112, to: SIMD16<UInt32>.self)
        let result = scaled.replacing(with: magnitude | 0x7F80_0000, where: magnitude .>= 0x0F80_0000)
        return unsafeBitCast(result | ((wide & 0x8000) &<< 16), to: SIMD16<Float>.self)
    }

    /// y_i += f·x_i.
    static func add(_ x: UnsafePointer<Float>, times factor: Float, _ count: Int, to y: UnsafeMutablePointer<Float>) {
        for index in 0..<count { y[index] += factor * x[index] }
    }

    /// x_i / sqrt(mean(x²) + ε) · g_i; `y` may be `x`.
    static func rmsNorm(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, epsilon: Float, _ count: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let scale = 1 / (dot(x, x, count) / Float(count) + epsilon).squareRoot()
        for index in 0..<count { y[index] = x[index] * scale * gain[index] }
    }

    /// Turns one head; `cosines` and `sines` have one element for each pair.
    static func rotate(
        _ head: UnsafeMutablePointer<Float>, pairs: Int, halves: Bool, cosines: UnsafePointer<Float>,
        sines: UnsafePointer<Float>
    ) {
        let step = halves ? 1 : 2
        let distance = halves ? pairs : 1
        for pair in 0..<pairs {
            let a = head[pair * step]
            let b = head[pair * step + distance]
            head[pair * step] = a * cosines[pair] - b * sines[pair]
            head[pair * step + distance] = a * sines[pair] + b * cosines[pair]
        }
    }
}
