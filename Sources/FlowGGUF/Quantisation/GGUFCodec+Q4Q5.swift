// Types with blocks of 32 elements of 4 or 5 bits. Element i < 16 lies in the low half of byte i, element 16 + i in the
// high half. The variants _0 have x = d · (q − middle), the variants _1 have x = d · q + m.
extension GGUFCodec {
    static func decodeQ4_0(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, blocks: Int) {
        for block in 0..<blocks {
            let input = source + 18 * block
            let output = target + 32 * block
            let scale = loadScale(input)
            for index in 0..<16 {
                let byte = input.load(fromByteOffset: 2 + index, as: UInt8.self)
                output[index] = Float(Int32(byte & 15) - 8) * scale
                output[index + 16] = Float(Int32(byte >> 4) - 8) * scale
            }
        }
    }

    static func decodeQ4_1(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, blocks: Int) {
        for block in 0..<blocks {
            let input = source + 20 * block
            let output = target + 32 * block
            let scale = loadScale(input)
            let least = loadScale(input, 2)
            for index in 0..<16 {
                let byte = input.load(fromByteOffset: 4 + index, as: UInt8.self)
                output[index] = Float(byte & 15) * scale + least
                output[index + 16] = Float(byte >> 4) * scale + least
            }
        }
    }

    static func decodeQ5_0(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, blocks: Int) {
        for block in 0..<blocks {
            let input = source + 22 * block
            let output = target + 32 * block
            let scale = loadScale(input)
            let high = UInt32(littleEndian: input.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
            for index in 0..<16 {
                let byte = UInt32(input.load(fromByteOffset: 6 + index, as: UInt8.self))
                let first = (byte & 15) | (high >> UInt32(index) & 1) << 4
                let second = (byte >> 4) | (high >> UInt32(index + 16) & 1) << 4
                output[index] = Float(Int32(first) - 16) * scale
                output[index + 16] = Float(Int32(second) - 16) * scale
            }
        }
    }

    static func decodeQ5_1(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, blocks: Int) {
        for block in 0..<blocks {
            let input = source + 24 * block
            let output = target + 32 * block
            let scale = loadScale(input)
            let least = loadScale(input, 2)
            let high = UInt32(littleEndian: input.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            for index in 0..<16 {
                let byte = UInt32(input.load(fromByteOffset: 8 + index, as: UInt8.self))
                let first = (byte & 15) | (high >> UInt32(index) & 1) << 4
                let second = (byte >> 4) | (high >> UInt32(index + 16) & 1) << 4
                output[index] = Float(first) * scale + least
                output[index + 16] = Float(second) * scale + least
            }
        }
    }

    /// Returns the first block whose scale overflows.
    static func encodeQ4_0(_ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, blocks: Int) -> Int? {
        for block in 0..<blocks {
            let input = source + 32 * block
            let output = target + 18 * block
            var extreme: Float = 0
            for index in 0..<32 where input[index].magnitude > extreme.magnitude { extreme = input[index] }
            let scale = extreme / -8
            let inverse = reciprocal(scale)
            guard storeScale(scale, output) else { return block }
            for index in 0..<16 {
                let low = UInt8(max(0, min(15, input[index] * inverse + 8.5)))
                let high = UInt8(max(0, min(15, input[index + 16] * inverse + 8.5)))
                output.storeBytes(of: low | high << 4, toByteOffset: 2 + index, as: UInt8.self)
            }
        }
        return nil
    }
}
