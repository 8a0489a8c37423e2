/// The quantiser one number after the other, as `Documentation/Protocol/Arithmetic.md` is written: the authority for `Quantiser`.
/// What a thread's processor is set to shows here; ``withCanonicalFloatingPoint(_:)`` sets it right.
enum QuantiserReference {
    /// Scale exponent and integers of a list.
    static func quantise(_ x: [Float], bits: Int) throws(QuantiserFault) -> (scale: Int32, integers: [Int]) {
        var largest: UInt32 = 0
        for number in x { largest = max(largest, number.bitPattern & 0x7FFF_FFFF) }
        if largest >= 0x7F80_0000 { throw .nonFinite }
        let e = Int(largest >> 23) - 126
        var s = e - (bits - 1)
        if s > 40 { throw .exponentAboveRange(s) }
        s = max(s, -60)
        let limit = Float((1 << (bits - 1)) - 1)
        let inverse = PowerOfTwo.float(Int32(-s))
        let integers = x.map { number in
            let rounded = (number * inverse).rounded(.toNearestOrEven)
            return Int(exactly: min(max(rounded, -limit), limit)) ?? 0
        }
        return (Int32(s), integers)
    }

    /// Exact column sums of rows given as lists of equal length.
    static func columnSums(_ rows: [[Float]], columns: Int) throws(QuantiserFault) -> [Float] {
        var largest: UInt32 = 0
        for row in rows { for number in row { largest = max(largest, number.bitPattern & 0x7FFF_FFFF) } }
        if largest >= 0x7F80_0000 { throw .nonFinite }
        let e = Int(largest >> 23) - 126
        if e - 7 > 40 { throw .exponentAboveRange(e - 7) }
        let s = Int32(max(e - 31, -84))
        var sums = [Int64](repeating: 0, count: columns)
        for row in rows {
            for column in 0..<columns {
                sums[column] += Int64(exactly: (row[column] * PowerOfTwo.float(-s)).rounded(.toNearestOrEven)) ?? 0
            }
        }
        return sums.map { Float($0) * PowerOfTwo.float(s) }
    }
}
