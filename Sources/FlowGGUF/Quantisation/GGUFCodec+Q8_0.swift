// Q8_0: 32 elements; binary16 scale d, then 32 signed bytes q; x = d · q.
extension GGUFCodec {
    static func decodeQ8_0(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, blocks: Int) {
        for block in 0..<blocks {
            let input = source + 34 * block
            let output = target + 32 * block
            let scale = loadScale(input)
            for index in 0..<32 {
                output[index] = Float(input.load(fromByteOffset: 2 + index, as: Int8.self)) * scale
            }
        }
    }

    /// Returns the first block whose scale overflows.
    static func encodeQ8_0(_ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, blocks: Int) -> Int? {
        for block in 0..<blocks {
            let input = source + 32 * block
            let output = target + 34 * block
            var largest: Float = 0
            for index in 0..<32 { largest = max(largest, input[index].magnitude) }
            let scale = largest / 127
            let inverse = reciprocal(scale)
            guard storeScale(scale, output) else { return block }
            for index in 0..<32 {
                let rounded = (input[index] * inverse).rounded(.toNearestOrAwayFromZero)
                let value = Int8(max(-127, min(127, rounded)))
                output.storeBytes(of: value, toByteOffset: 2 + index, as: Int8.self)
            }
        }
        return nil
    }
}
