internal import CFlowKernels

/// The loops of `Quantiser`, by the kernels in use. `QuantiserReference` is what they must equal.
enum QuantiserKernels {
    private static let scratch = ScratchPool<Float>()

    static func limit(_ bits: Int) -> Int32 { (1 << Int32(truncatingIfNeeded: bits - 1)) - 1 }

    static func largestMagnitude(_ x: UnsafePointer<Float>, _ n: Int) -> UInt32 { PointwiseKernels.call { $0.largest(x, n) } }

    static func row(
        _ x: UnsafePointer<Float>, _ n: Int, bits: Int, into q: UnsafeMutablePointer<Int8>
    ) throws(QuantiserFault) -> Int32 {
        let scale = try Quantiser.exponent(ofLargest: largestMagnitude(x, n), bits: bits)
        store(x, n, scale: scale, bits: bits, into: q)
        return scale
    }

    static func row(
        _ x: UnsafePointer<Float>, _ n: Int, bits: Int, into q: UnsafeMutablePointer<Int16>
    ) throws(QuantiserFault) -> Int32 {
        let scale = try Quantiser.exponent(ofLargest: largestMagnitude(x, n), bits: bits)
        store(x, n, scale: scale, bits: bits, into: q)
        return scale
    }

    static func store(_ x: UnsafePointer<Float>, _ n: Int, scale: Int32, bits: Int, into q: UnsafeMutablePointer<Int8>) {
        PointwiseKernels.call { $0.quantise8(x, n, PowerOfTwo.float(-scale), limit(bits), q) }
    }

    static func store(_ x: UnsafePointer<Float>, _ n: Int, scale: Int32, bits: Int, into q: UnsafeMutablePointer<Int16>) {
        PointwiseKernels.call { $0.quantise16(x, n, PowerOfTwo.float(-scale), limit(bits), q) }
    }

    static func store(
        _ x: UnsafePointer<Float>, scaledBy factor: Float, inverses: UnsafePointer<Float>, _ n: Int, bits: Int,
        into q: UnsafeMutablePointer<Int8>
    ) {
        PointwiseKernels.call { $0.quantise_scaled_by_columns8(x, n, factor, inverses, limit(bits), q) }
    }

    static func store(
        _ x: UnsafePointer<Float>, scaledBy factor: Float, inverses: UnsafePointer<Float>, _ n: Int, bits: Int,
        into q: UnsafeMutablePointer<Int16>
    ) {
        PointwiseKernels.call { $0.quantise_scaled_by_columns16(x, n, factor, inverses, limit(bits), q) }
    }

    static func columns(
        _ x: UnsafePointer<Float>, _ rowIndices: UnsafePointer<Int32>?, rows: Int, columns: Int, stride: Int, bits: Int,
        into q: UnsafeMutablePointer<Int8>, qStride: Int, scales: UnsafeMutablePointer<Int32>
    ) throws(QuantiserFault) {
        let limit = limit(bits)
        try PointwiseKernels.call { kernels throws(QuantiserFault) in
            try byColumns(kernels, x, rowIndices, rows: rows, columns: columns, stride: stride, bits: bits, scales: scales) {
                row, source, inverse in kernels.quantise_by_columns8(source, columns, inverse, limit, q + row * qStride)
            }
        }
    }

    static func columns(
        _ x: UnsafePointer<Float>, _ rowIndices: UnsafePointer<Int32>?, rows: Int, columns: Int, stride: Int, bits: Int,
        into q: UnsafeMutablePointer<Int16>, qStride: Int, scales: UnsafeMutablePointer<Int32>
    ) throws(QuantiserFault) {
        let limit = limit(bits)
        try PointwiseKernels.call { kernels throws(QuantiserFault) in
            try byColumns(kernels, x, rowIndices, rows: rows, columns: columns, stride: stride, bits: bits, scales: scales) {
                row, source, inverse in kernels.quantise_by_columns16(source, columns, inverse, limit, q + row * qStride)
            }
        }
    }

    /// The largest magnitudes of all columns, their scales, then `store(row, numbers, inverse scales)` for each row.
    @inline(__always)
    private static func byColumns(
        _ kernels: cflow_pointwise, _ x: UnsafePointer<Float>, _ rowIndices: UnsafePointer<Int32>?, rows: Int, columns: Int, stride: Int, bits: Int,
        scales: UnsafeMutablePointer<Int32>, store: (Int, UnsafePointer<Float>, UnsafePointer<Float>) -> Void
    ) throws(QuantiserFault) {
        guard columns > 0 else { return }
        let largest = kernels.column_largest
        let fault: QuantiserFault? = scratch.withScratch(columns) { numbers in
            for column in 0..<columns { numbers[column] = 0 }
            for row in 0..<max(rows, 0) {
                let source = if let rowIndices { Int(rowIndices[row]) } else { row }
                largest(x + source * stride, columns, numbers)
            }
            do throws(QuantiserFault) {
                for column in 0..<columns {
                    let scale = try Quantiser.exponent(ofLargest: numbers[column].bitPattern, bits: bits)
                    scales[column] = scale
                    numbers[column] = PowerOfTwo.float(-scale)
                }
            } catch {
                return error
            }
            for row in 0..<max(rows, 0) {
                let source = if let rowIndices { Int(rowIndices[row]) } else { row }
                store(row, x + source * stride, numbers)
            }
            return nil
        }
        if let fault { throw fault }
    }
}
