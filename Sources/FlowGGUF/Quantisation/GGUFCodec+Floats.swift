extension GGUFCodec {
    static func decodeF16(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, count: Int) {
        for index in 0..<count {
            let bits = UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
            target[index] = HalfPrecision.float(binary16: bits)
        }
    }

    static func encodeF16(_ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, count: Int) {
        for index in 0..<count {
            let bits = HalfPrecision.binary16(source[index]).littleEndian
            target.storeBytes(of: bits, toByteOffset: 2 * index, as: UInt16.self)
        }
    }

    static func decodeBF16(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, count: Int) {
        for index in 0..<count {
            let bits = UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
            target[index] = HalfPrecision.float(bfloat16: bits)
        }
    }

    static func encodeBF16(_ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, count: Int) {
        for index in 0..<count {
            let bits = HalfPrecision.bfloat16(source[index]).littleEndian
            target.storeBytes(of: bits, toByteOffset: 2 * index, as: UInt16.self)
        }
    }
}

/// A block's binary16 scale.
@inline(__always)
func loadScale(_ block: UnsafeRawPointer, _ offset: Int = 0) -> Float {
    HalfPrecision.float(
        binary16: UInt16(littleEndian: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
}

/// Stores a block's scale as binary16; false when it overflows.
@inline(__always)
func storeScale(_ scale: Float, _ block: UnsafeMutableRawPointer, _ offset: Int = 0) -> Bool {
    let bits = HalfPrecision.binary16(scale)
    block.storeBytes(of: bits.littleEndian, toByteOffset: offset, as: UInt16.self)
    return bits & 0x7C00 != 0x7C00
}

/// 1 / scale, and 0 where that is not finite.
@inline(__always)
func reciprocal(_ scale: Float) -> Float {
    let inverse = 1 / scale
    return inverse.isFinite ? inverse : 0
}
