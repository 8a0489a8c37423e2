/// Conversions between binary32 and the two 16-bit formats, on bit patterns, so that they are the same on each platform.
public enum HalfPrecision {
    /// binary16 to binary32; exact.
    @inlinable @inline(__always)
    public static func float(binary16 bits: UInt16) -> Float {
        let magnitude = UInt32(bits & 0x7FFF) << 13
        let sign = UInt32(bits & 0x8000) << 16
        let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        let special = magnitude | 0x7F80_0000
        return Float(bitPattern: (magnitude >= 0x0F80_0000 ? special : scaled) | sign)
    }

    /// binary32 to binary16, half to even; above 65,504 it becomes an infinity.
    @inlinable @inline(__always)
    public static func binary16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: (bits >> 16) & 0x8000)
        let magnitude = bits & 0x7FFF_FFFF
        if magnitude > 0x7F80_0000 { return sign | 0x7E00 | UInt16(truncatingIfNeeded: (magnitude >> 13) & 0x3FF) }
        if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
        if magnitude < 0x3880_0000 {
            // Below the normal range: adding 0.5 puts the last bit of the result at 2^-24.
            let shifted = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
            return sign | UInt16(truncatingIfNeeded: shifted)
        }
        let rounded = magnitude &+ 0xFFF &+ ((magnitude >> 13) & 1)
        return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
    }

    /// bfloat16 to binary32; exact.
    @inlinable @inline(__always)
    public static func float(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// binary32 to bfloat16, half to even; a value that is not a number stays one.
    @inlinable @inline(__always)
    public static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if bits & 0x7FFF_FFFF > 0x7F80_0000 { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
