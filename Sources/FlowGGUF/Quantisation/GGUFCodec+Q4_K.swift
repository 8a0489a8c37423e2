// Q4_K: 256 elements in eight groups of 32; binary16 d and dmin, eight 6-bit scales and eight 6-bit minima in 12 bytes,
// then the elements' 4 bits; x = d · scale · q − dmin · minimum.
extension GGUFCodec {
    static func decodeQ4_K(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, blocks: Int) {
        for block in 0..<blocks {
            let input = source + 144 * block
            let output = target + 256 * block
            let scale = loadScale(input)
            let least = loadScale(input, 2)
            for group in 0..<8 {
                let (factor, minimum) = scaleAndMinimum(input + 4, group)
                let d = scale * Float(factor)
                let m = least * Float(minimum)
                let shift = UInt8(group % 2 * 4)
                let bytes = input + 16 + group / 2 * 32
                for index in 0..<32 {
                    let q = bytes.load(fromByteOffset: index, as: UInt8.self) >> shift & 15
                    output[32 * group + index] = d * Float(q) - m
                }
            }
        }
    }

    /// Returns the first block whose scale overflows.
    static func encodeQ4_K(_ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, blocks: Int) -> Int? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256 + 64) { space in
            guard let levels = space.baseAddress else { return 0 }
            for block in 0..<blocks {
                guard encodeQ4_KBlock(source + 256 * block, target + 144 * block, levels) else { return block }
            }
            return nil
        }
    }

    private static func encodeQ4_KBlock(
        _ input: UnsafePointer<Float>, _ output: UnsafeMutableRawPointer, _ levels: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        var scales = SIMD8<Float>(repeating: 0)
        var minima = SIMD8<Float>(repeating: 0)
        for group in 0..<8 {
            (scales[group], minima[group]) = bestScaleAndMinimum(
                input + 32 * group, levels: levels + 32 * group, scratch: levels + 256)
        }
        let largestScale = max(scales.max(), 0)
        let largestMinimum = max(minima.max(), 0)
        let inverseScale = largestScale > 0 ? 63 / largestScale : 0
        let inverseMinimum = largestMinimum > 0 ? 63 / largestMinimum : 0
        var packed = [UInt8](repeating: 0, count: 12)
        for group in 0..<8 {
            let factor = UInt8(max(0, min(63, nearest(inverseScale * scales[group]))))
            let minimum = UInt8(max(0, min(63, nearest(inverseMinimum * minima[group]))))
            if group < 4 {
                packed[group] = factor
                packed[group + 4] = minimum
            } else {
                packed[group + 4] = factor & 15 | (minimum & 15) << 4
                packed[group - 4] |= (factor >> 4) << 6
                packed[group] |= (minimum >> 4) << 6
            }
        }
        guard storeScale(largestScale / 63, output), storeScale(largestMinimum / 63, output, 2) else { return false }
        (output + 4).copyMemory(from: packed, byteCount: 12)
        let scale = loadScale(output)
        let least = loadScale(output, 2)
        for group in 0..<8 {
            let (factor, minimum) = scaleAndMinimum(output + 4, group)
            let d = scale * Float(factor)
            if d == 0 { continue }
            let m = least * Float(minimum)
            for index in 32 * group..<32 * (group + 1) {
                levels[index] = UInt8(max(0, min(15, nearest((input[index] + m) / d))))
            }
        }
        for pair in 0..<4 {
            for index in 0..<32 {
                let byte = levels[64 * pair + index] | levels[64 * pair + 32 + index] << 4
                output.storeBytes(of: byte, toByteOffset: 16 + 32 * pair + index, as: UInt8.self)
            }
        }
        return true
    }

    /// The 6-bit scale and minimum of group `group`.
    @inline(__always)
    static func scaleAndMinimum(_ packed: UnsafeRawPointer, _ group: Int) -> (scale: UInt8, minimum: UInt8) {
        func byte(_ index: Int) -> UInt8 { packed.load(fromByteOffset: index, as: UInt8.self) }
        if group < 4 { return (byte(group) & 63, byte(group + 4) & 63) }
        return (
            byte(group + 4) & 15 | (byte(group - 4) >> 6) << 4,
            byte(group + 4) >> 4 | (byte(group) >> 6) << 4
        )
    }

    /// Scale and minimum with which 32 elements, weighted by their size, come back best from 4 bits: 22 scales are
    /// tried, each with the minimum that fits it by least squares.
    private static func bestScaleAndMinimum(
        _ x: UnsafePointer<Float>, levels: UnsafeMutablePointer<UInt8>, scratch: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, minimum: Float) {
        let count = 32
        var squares: Float = 0
        for index in 0..<count { squares += x[index] * x[index] }
        let average = (squares / Float(count)).squareRoot()
        func weight(_ index: Int) -> Float { average + x[index].magnitude }
        var least = x[0]
        var largest = x[0]
        var sumWeights: Float = 0
        var sumX: Float = 0
        for index in 0..<count {
            least = min(least, x[index])
            largest = max(largest, x[index])
            sumWeights += weight(index)
            sumX += weight(index) * x[index]
        }
        least = min(least, 0)
        // The best minimum so far; each try counts from it.
        var minimum = least
        if largest == least {
            levels.update(repeating: 0, count: count)
            return (0, -least)
        }
        func level(_ inverse: Float, _ index: Int) -> UInt8 {
            UInt8(max(0, min(15, nearest(inverse * (x[index] - minimum)))))
        }
        let first = 15 / (largest - least)
        var scale = 1 / first
        var bestError: Float = 0
        for index in 0..<count {
            levels[index] = level(first, index)
            let difference = scale * Float(levels[index]) + least - x[index]
            bestError += weight(index) * difference * difference
        }
        for step in 0...20 {
            let inverse = (-1 + 0.1 * Float(step) + 15) / (largest - minimum)
            var sumL: Float = 0
            var sumLL: Float = 0
            var sumXL: Float = 0
            for index in 0..<count {
                let l = Float(level(inverse, index))
                scratch[index] = UInt8(l)
                sumL += weight(index) * l
                sumLL += weight(index) * l * l
                sumXL += weight(index) * l * x[index]
            }
            let determinant = sumWeights * sumLL - sumL * sumL
            guard determinant > 0 else { continue }
            var thisScale = (sumWeights * sumXL - sumX * sumL) / determinant
            var thisMinimum = (sumLL * sumX - sumL * sumXL) / determinant
            if thisMinimum > 0 {
                thisMinimum = 0
                thisScale = sumXL / sumLL
            }
            var error: Float = 0
            for index in 0..<count {
                let difference = thisScale * Float(scratch[index]) + thisMinimum - x[index]
                error += weight(index) * difference * difference
            }
            if error < bestError {
                levels.update(from: scratch, count: count)
                bestError = error
                scale = thisScale
                minimum = thisMinimum
            }
        }
        return (scale, -minimum)
    }
}

/// The nearest integer, half to even, for numbers up to 2^22; anything at all for others, without a trap.
@inline(__always)
func nearest(_ value: Float) -> Int32 {
    Int32(bitPattern: ((value + 12_582_912).bitPattern & 0x007F_FFFF)) &- 0x0040_0000
}
