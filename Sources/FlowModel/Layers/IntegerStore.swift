internal import FlowTensor

/// Quantised numbers of one operand and their scale exponents, in memory that is allocated once.
///
/// Up to 8 bits the integers are bytes, above that 16-bit words; everything else is the same. A store may hold several
/// matrices one after another; the caller keeps the places.
final class IntegerStore {
    let bits: Int
    private let narrow: FixedBuffer<Int8>
    private let wide: FixedBuffer<Int16>
    private let exponents: FixedBuffer<Int32>

    init(elements: Int, scales: Int, bits: Int) {
        self.bits = bits
        narrow = FixedBuffer(bits <= 8 ? elements : 0)
        wide = FixedBuffer(bits <= 8 ? 0 : elements)
        exponents = FixedBuffer(scales)
    }

    var scales: UnsafeMutablePointer<Int32> { exponents.pointer }

    /// The operand that starts at `element`, rows `stride` elements apart. `scale` is the index of its first exponent, and the
    /// next line's stands `scaleStride` further.
    func operand(
        _ element: Int, stride: Int, scale: Int, scaleStride: Int, rowIndices: UnsafePointer<Int32>? = nil
    ) -> IntegerOperand {
        IntegerOperand(
            values: bits <= 8 ? .int8(narrow.pointer + element) : .int16(wide.pointer + element), stride: stride, bits: bits,
            scales: scales + scale, scaleStride: scaleStride, rowIndices: rowIndices)
    }

    /// Quantises each row with a scale of its own.
    @inline(__always)
    func quantiseRows(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, to element: Int, qStride: Int, scale: Int
    ) throws(QuantiserFault) {
        if bits <= 8 {
            try Quantiser.quantiseRows(
                x, rows: rows, columns: columns, stride: stride, bits: bits, into: narrow.pointer + element, qStride: qStride,
                scales: scales + scale)
        } else {
            try Quantiser.quantiseRows(
                x, rows: rows, columns: columns, stride: stride, bits: bits, into: wide.pointer + element, qStride: qStride,
                scales: scales + scale)
        }
    }

    /// Quantises each column with a scale of its own; row r of the list is row `rowIndices[r]` of `x`.
    func quantiseColumns(
        _ x: UnsafePointer<Float>, rowIndices: UnsafePointer<Int32>? = nil, rows: Int, columns: Int, stride: Int, to element: Int,
        qStride: Int, scale: Int
    ) throws(QuantiserFault) {
        if bits <= 8 {
            try Quantiser.quantiseColumns(
                x, rowIndices: rowIndices, rows: rows, columns: columns, stride: stride, bits: bits,
                into: narrow.pointer + element, qStride: qStride, scales: scales + scale)
        } else {
            try Quantiser.quantiseColumns(
                x, rowIndices: rowIndices, rows: rows, columns: columns, stride: stride, bits: bits,
                into: wide.pointer + element, qStride: qStride, scales: scales + scale)
        }
    }

    /// Turns the largest magnitudes of columns into their scales and, in place, into the inverses that `quantiseRow` takes.
    func setColumnScales(_ largest: UnsafeMutablePointer<Float>, count: Int, scale: Int) throws(QuantiserFault) {
        for column in 0..<count {
            let exponent = try Quantiser.exponent(ofLargest: largest[column].bitPattern, bits: bits)
            scales[scale + column] = exponent
            largest[column] = PowerOfTwo.float(-exponent)
        }
    }

    /// One row of `x·factor` with the columns' scales.
    func quantiseRow(_ x: UnsafePointer<Float>, scaledBy factor: Float, inverses: UnsafePointer<Float>, count: Int, to element: Int) {
        if bits <= 8 {
            Quantiser.quantise(
                x, scaledBy: factor, inverses: inverses, count: count, bits: bits, into: narrow.pointer + element)
        } else {
            Quantiser.quantise(
                x, scaledBy: factor, inverses: inverses, count: count, bits: bits, into: wide.pointer + element)
        }
    }

    /// Quantises `count` numbers with one scale; `largest` is their largest magnitude as bits with the sign cleared.
    func quantise(
        _ x: UnsafePointer<Float>, count: Int, largest: UInt32, to element: Int, scale: Int
    ) throws(QuantiserFault) {
        let exponent = try Quantiser.exponent(ofLargest: largest, bits: bits)
        scales[scale] = exponent
        if bits <= 8 {
            Quantiser.quantise(x, count: count, bits: bits, scale: exponent, into: narrow.pointer + element)
        } else {
            Quantiser.quantise(x, count: count, bits: bits, scale: exponent, into: wide.pointer + element)
        }
    }

    /// Quantises `count` numbers with one scale.
    func quantise(_ x: UnsafePointer<Float>, count: Int, to element: Int, scale: Int) throws(QuantiserFault) {
        scales[scale] =
            if bits <= 8 {
                try Quantiser.quantise(x, count: count, bits: bits, into: narrow.pointer + element)
            } else {
                try Quantiser.quantise(x, count: count, bits: bits, into: wide.pointer + element)
            }
    }
}
