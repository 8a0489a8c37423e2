// Q6_K: 256 elements in sixteen groups of 16; the elements' low 4 bits (128 bytes), their high 2 bits (64 bytes),
// sixteen signed 8-bit scales, binary16 d; x = d · scale · (q − 32).
extension GGUFCodec {
    static func decodeQ6_K(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, blocks: Int) {
        for block in 0..<blocks {
            let input = source + 210 * block
            let scale = loadScale(input, 208)
            for half in 0..<2 {
                let low = input + 64 * half
                let high = input + 128 + 32 * half
                let factors = input + 192 + 8 * half
                let output = target + 256 * block + 128 * half
                for quarter in 0..<4 {
                    let lowShift = UInt8(quarter / 2 * 4)
                    let highShift = UInt8(quarter * 2)
                    for index in 0..<32 {
                        let bits = low.load(fromByteOffset: index + quarter % 2 * 32, as: UInt8.self) >> lowShift & 15
                        let top = high.load(fromByteOffset: index, as: UInt8.self) >> highShift & 3
                        let factor = factors.load(fromByteOffset: index / 16 + 2 * quarter, as: Int8.self)
                        output[32 * quarter + index] = scale * Float(factor) * Float(Int32(bits | top << 4) - 32)
                    }
                }
            }
        }
    }

    /// Returns the first block whose scale overflows.
    static func encodeQ6_K(_ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, blocks: Int) -> Int? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { space in
            guard let levels = space.baseAddress else { return 0 }
            for block in 0..<blocks {
                guard encodeQ6_KBlock(source + 256 * block, target + 210 * block, levels) else { return block }
            }
            return nil
        }
    }

    private static func encodeQ6_KBlock(
        _ input: UnsafePointer<Float>, _ output: UnsafeMutableRawPointer, _ levels: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        var scales = SIMD16<Float>(repeating: 0)
        var extreme: Float = 0
        for group in 0..<16 {
            scales[group] = bestScale(input + 16 * group, levels: levels + 16 * group)
            if scales[group].magnitude > extreme.magnitude { extreme = scales[group] }
        }
        if extreme.magnitude < 1e-15 {
            output.initializeMemory(as: UInt8.self, repeating: 0, count: 210)
            return true
        }
        let inverse = -128 / extreme
        guard storeScale(1 / inverse, output, 208) else { return false }
        let scale = loadScale(output, 208)
        for group in 0..<16 {
            let factor = Int8(max(-128, min(127, nearest(inverse * scales[group]))))
            output.storeBytes(of: factor, toByteOffset: 192 + group, as: Int8.self)
            let d = scale * Float(factor)
            if d == 0 { continue }
            for index in 16 * group..<16 * (group + 1) {
                levels[index] = UInt8(max(-32, min(31, nearest(input[index] / d))) + 32)
            }
        }
        for half in 0..<2 {
            let first = levels + 128 * half
            for index in 0..<32 {
                let (a, b, c, d) = (first[index], first[index + 32], first[index + 64], first[index + 96])
                output.storeBytes(of: a & 15 | c << 4, toByteOffset: 64 * half + index, as: UInt8.self)
                output.storeBytes(of: b & 15 | d << 4, toByteOffset: 64 * half + 32 + index, as: UInt8.self)
                let high = a >> 4 | (b >> 4) << 2 | (c >> 4) << 4 | (d >> 4) << 6
                output.storeBytes(of: high, toByteOffset: 128 + 32 * half + index, as: UInt8.self)
            }
        }
        return true
    }

    /// The scale with which 16 elements, weighted by their squares, come back best from 6 bits; 19 are tried.
    private static func bestScale(_ x: UnsafePointer<Float>, levels: UnsafeMutablePointer<UInt8>) -> Float {
        let count = 16
        var extreme: Float = 0
        for index in 0..<count where x[index].magnitude > extreme.magnitude { extreme = x[index] }
        if extreme.magnitude < 1e-15 {
            levels.update(repeating: 0, count: count)
            return 0
        }
        func level(_ inverse: Float, _ index: Int) -> Int32 { max(-32, min(31, nearest(inverse * x[index]))) }
        func fit(_ inverse: Float) -> (product: Float, square: Float) {
            var product: Float = 0
            var square: Float = 0
            for index in 0..<count {
                let l = Float(level(inverse, index))
                let weight = x[index] * x[index]
                product += weight * x[index] * l
                square += weight * l * l
            }
            return (product, square)
        }
        func keep(_ inverse: Float) {
            for index in 0..<count { levels[index] = UInt8(level(inverse, index) + 32) }
        }
        let first = -32 / extreme
        keep(first)
        var (product, square) = fit(first)
        var scale = square > 0 ? product / square : 0
        var best = scale * product
        for step in -9...9 where step != 0 {
            let inverse = -(32 + 0.1 * Float(step)) / extreme
            (product, square) = fit(inverse)
            if square > 0, product * product > best * square {
                keep(inverse)
                scale = product / square
                best = scale * product
            }
        }
        return scale
    }
}
