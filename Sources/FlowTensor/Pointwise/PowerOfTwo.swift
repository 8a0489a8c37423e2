/// Exact powers of two.
public enum PowerOfTwo {
    /// 2^exponent for −126 ≤ exponent ≤ 127. Outside of it the nearer bound counts, so that nothing traps.
    @inlinable
    public static func float(_ exponent: Int32) -> Float {
        let clamped = min(max(exponent, -126), 127)
        return Float(bitPattern: UInt32(truncatingIfNeeded: clamped &+ 127) &<< 23)
    }
}
