/// The loops of `Quantiser`, scalar.
enum QuantiserKernels {
    static func largestMagnitude(_ x: UnsafePointer<Float>, _ n: Int) -> UInt32 {
        var largest: UInt32 = 0
        for i in 0..<max(n, 0) { largest = max(largest, x[i].bitPattern & 0x7FFF_FFFF) }
        return largest
    }

    @inline(__always)
    static func row<Q: FixedWidthInteger>(
        _ x: UnsafePointer<Float>, _ n: Int, bits: Int, into q: UnsafeMutablePointer<Q>
    ) throws(QuantiserFault) -> Int32 {
        let scale = try Quantiser.exponent(ofLargest: largestMagnitude(x, n), bits: bits)
        store(x, n, scale: scale, bits: bits, into: q)
        return scale
    }

    @inline(__always)
    static func store<Q: FixedWidthInteger>(
        _ x: UnsafePointer<Float>, _ n: Int, scale: Int32, bits: Int, into q: UnsafeMutablePointer<Q>
    ) {
        let inverse = PowerOfTwo.float(-scale)
        let limit = (1 << (bits - 1)) - 1
        for i in 0..<max(n, 0) { q[i] = Q(truncatingIfNeeded: integer(x[i] * inverse, limit: limit)) }
    }

    @inline(__always)
    static func integer(_ scaled: Float, limit: Int) -> Int {
        let rounded = Int(exactly: scaled.rounded(.toNearestOrEven)) ?? 0
        return min(max(rounded, -limit), limit)
    }

    @inline(__always)
    static func columns<Q: FixedWidthInteger>(
        _ x: UnsafePointer<Float>, _ rowIndices: UnsafePointer<Int32>?, rows: Int, columns: Int, stride: Int, bits: Int,
        into q: UnsafeMutablePointer<Q>, qStride: Int, scales: UnsafeMutablePointer<Int32>
    ) throws(QuantiserFault) {
        let limit = (1 << (bits - 1)) - 1
        for column in 0..<max(columns, 0) {
            var largest: UInt32 = 0
            for row in 0..<max(rows, 0) {
                let source = rowIndices.map { Int($0[row]) } ?? row
                largest = max(largest, x[source * stride + column].bitPattern & 0x7FFF_FFFF)
            }
            let scale = try Quantiser.exponent(ofLargest: largest, bits: bits)
            scales[column] = scale
            let inverse = PowerOfTwo.float(-scale)
            for row in 0..<max(rows, 0) {
                let source = rowIndices.map { Int($0[row]) } ?? row
                q[row * qStride + column] = Q(truncatingIfNeeded: integer(x[source * stride + column] * inverse, limit: limit))
            }
        }
    }
}
