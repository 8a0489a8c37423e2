/// One side of an exact product: integers in memory that the caller owns, and their scales.
///
/// Values are row-major. `stride` is the distance between rows in elements, so a head's columns or an expert's rows are addressed
/// without copying. A scale belongs to an output row (left operand) or an output column (right operand); `scaleStride` 0 means one
/// scale for all. The memory must outlive the product.
public struct IntegerOperand: @unchecked Sendable, BitwiseCopyable {
    public enum Values: BitwiseCopyable {
        /// Numbers of 2 to 8 bits.
        case int8(UnsafePointer<Int8>)
        /// Numbers of 9 to 16 bits.
        case int16(UnsafePointer<Int16>)
    }

    public var values: Values
    /// Elements from one row to the next.
    public var stride: Int
    /// Width of the numbers, 2 … 16: |value| ≤ 2^(bits−1) − 1. Backends may rely on it.
    public var bits: Int
    /// Exponents s: the number is value · 2^s. −60 … 40.
    public var scales: UnsafePointer<Int32>
    public var scaleStride: Int
    /// Where set, row r of the operand is row `rowIndices[r]` of the memory; a scale per row is gathered the same way. Non-negative.
    public var rowIndices: UnsafePointer<Int32>?

    public init(
        values: Values, stride: Int, bits: Int, scales: UnsafePointer<Int32>, scaleStride: Int, rowIndices: UnsafePointer<Int32>? = nil
    ) {
        self.values = values
        self.stride = stride
        self.bits = bits
        self.scales = scales
        self.scaleStride = scaleStride
        self.rowIndices = rowIndices
    }

    public init(
        _ values: UnsafePointer<Int8>, stride: Int, bits: Int = 8, scales: UnsafePointer<Int32>, scaleStride: Int,
        rowIndices: UnsafePointer<Int32>? = nil
    ) {
        self.init(
            values: .int8(values), stride: stride, bits: bits, scales: scales, scaleStride: scaleStride, rowIndices: rowIndices)
    }

    public init(
        _ values: UnsafePointer<Int16>, stride: Int, bits: Int = 16, scales: UnsafePointer<Int32>, scaleStride: Int,
        rowIndices: UnsafePointer<Int32>? = nil
    ) {
        self.init(
            values: .int16(values), stride: stride, bits: bits, scales: scales, scaleStride: scaleStride, rowIndices: rowIndices)
    }

    /// The same integers with the scale 2^0: for an operand whose scale was folded into the other side.
    public var unscaled: IntegerOperand {
        var copy = self
        copy.scales = Self.zeroExponent
        copy.scaleStride = 0
        return copy
    }

    /// One exponent 0 that lives as long as the process.
    nonisolated(unsafe) static let zeroExponent: UnsafePointer<Int32> = {
        let cell = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        cell.initialize(to: 0)
        return UnsafePointer(cell)
    }()

    /// The index of row r in memory.
    @inline(__always)
    public func storedRow(_ row: Int) -> Int {
        if let rowIndices { Int(rowIndices[row]) } else { row }
    }
}
