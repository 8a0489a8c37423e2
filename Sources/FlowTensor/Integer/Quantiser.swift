/// Turns binary32 numbers into integers with power-of-two scales (`Documentation/Protocol/Arithmetic.md`, Exponent and quantiser).
public enum Quantiser {
    /// The largest scale exponent; above it a step is invalid.
    static let largestExponent = 40
    /// Smaller exponents are raised to this one.
    static let smallestExponent = -60

    /// The scale exponent for the largest magnitude, given by its bits with the sign cleared.
    ///
    /// - Parameter bits: width of the integers, 2 … 16.
    @inline(__always)
    public static func exponent(ofLargest magnitude: UInt32, bits: Int) throws(QuantiserFault) -> Int32 {
        if magnitude >= 0x7F80_0000 { throw .nonFinite }
        let exponent = Int32(magnitude >> 23) &- 126 &- Int32(truncatingIfNeeded: bits &- 1)
        if exponent > Int32(largestExponent) { throw .exponentAboveRange(Int(exponent)) }
        return max(exponent, Int32(smallestExponent))
    }

    // MARK: Rows

    /// Quantises each row by its own scale. `x` is rows × columns, `stride` elements from row to row.
    public static func quantiseRows(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, bits: Int,
        into q: UnsafeMutablePointer<Int8>, qStride: Int, scales: UnsafeMutablePointer<Int32>
    ) throws(QuantiserFault) {
        for row in 0..<max(rows, 0) {
            scales[row] = try QuantiserKernels.row(x + row * stride, columns, bits: bits, into: q + row * qStride)
        }
    }

    /// The same for more than 8 bits.
    public static func quantiseRows(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, bits: Int,
        into q: UnsafeMutablePointer<Int16>, qStride: Int, scales: UnsafeMutablePointer<Int32>
    ) throws(QuantiserFault) {
        for row in 0..<max(rows, 0) {
            scales[row] = try QuantiserKernels.row(x + row * stride, columns, bits: bits, into: q + row * qStride)
        }
    }

    /// Quantises each row of `x` into `matrix`, which must have been reshaped to the rows and columns with `axis: .row`.
    public static func quantiseRows(
        _ x: UnsafePointer<Float>, stride: Int, into matrix: QuantisedMatrix, pool: ThreadPool = .single
    ) throws(QuantiserFault) {
        precondition(matrix.axis == .row, "quantiseRows needs a matrix with one scale a row")
        try quantiseRows(x, stride: stride, into: matrix, rows: 0..<matrix.rows, pool: pool)
    }

    /// The same for some rows only; `x` is the number at row 0 of the matrix.
    public static func quantiseRows(
        _ x: UnsafePointer<Float>, stride: Int, into matrix: QuantisedMatrix, rows: Range<Int>, pool: ThreadPool = .single
    ) throws(QuantiserFault) {
        let columns = matrix.columns
        let split = WorkSplit(items: rows.count, costPerItem: columns, pool: pool)
        try pool.attempt(split.tasks) { task throws(QuantiserFault) in
            let part = split.range(task)
            let first = rows.lowerBound + part.lowerBound
            if matrix.bits <= 8 {
                try quantiseRows(
                    x + first * stride, rows: part.count, columns: columns, stride: stride, bits: matrix.bits,
                    into: matrix.int8 + first * columns, qStride: columns, scales: matrix.scales + first)
            } else {
                try quantiseRows(
                    x + first * stride, rows: part.count, columns: columns, stride: stride, bits: matrix.bits,
                    into: matrix.int16 + first * columns, qStride: columns, scales: matrix.scales + first)
            }
        }
    }

    // MARK: Columns

    /// Quantises each column by its own scale. Row r of the list is row `rowIndices[r]` of `x`, or row r where there is no list;
    /// the integers are written in the order of the list, rows × columns, `qStride` apart.
    public static func quantiseColumns(
        _ x: UnsafePointer<Float>, rowIndices: UnsafePointer<Int32>? = nil, rows: Int, columns: Int, stride: Int, bits: Int,
        into q: UnsafeMutablePointer<Int8>, qStride: Int, scales: UnsafeMutablePointer<Int32>
    ) throws(QuantiserFault) {
        try QuantiserKernels.columns(
            x, rowIndices, rows: rows, columns: columns, stride: stride, bits: bits, into: q, qStride: qStride, scales: scales)
    }

    /// The same for more than 8 bits.
    public static func quantiseColumns(
        _ x: UnsafePointer<Float>, rowIndices: UnsafePointer<Int32>? = nil, rows: Int, columns: Int, stride: Int, bits: Int,
        into q: UnsafeMutablePointer<Int16>, qStride: Int, scales: UnsafeMutablePointer<Int32>
    ) throws(QuantiserFault) {
        try QuantiserKernels.columns(
            x, rowIndices, rows: rows, columns: columns, stride: stride, bits: bits, into: q, qStride: qStride, scales: scales)
    }

    /// Quantises each column of `x` into `matrix`, which must have been reshaped to rows and columns with `axis: .column`.
    public static func quantiseColumns(
        _ x: UnsafePointer<Float>, rowIndices: UnsafePointer<Int32>? = nil, stride: Int, into matrix: QuantisedMatrix,
        pool: ThreadPool = .single
    ) throws(QuantiserFault) {
        precondition(matrix.axis == .column, "quantiseColumns needs a matrix with one scale a column")
        let columns = matrix.columns
        let split = WorkSplit(items: (columns + 15) / 16, costPerItem: 16 * matrix.rows, pool: pool)
        try pool.attempt(split.tasks) { task throws(QuantiserFault) in
            let part = split.range(task)
            let first = part.lowerBound * 16
            let count = min(part.upperBound * 16, columns) - first
            if matrix.bits <= 8 {
                try quantiseColumns(
                    x + first, rowIndices: rowIndices, rows: matrix.rows, columns: count, stride: stride, bits: matrix.bits,
                    into: matrix.int8 + first, qStride: columns, scales: matrix.scales + first)
            } else {
                try quantiseColumns(
                    x + first, rowIndices: rowIndices, rows: matrix.rows, columns: count, stride: stride, bits: matrix.bits,
                    into: matrix.int16 + first, qStride: columns, scales: matrix.scales + first)
            }
        }
    }

    /// One row of a matrix whose columns have scales of their own: the integers of `x·factor`.
    ///
    /// - Parameter inverses: 2^(−scale exponent) of each column.
    public static func quantise(
        _ x: UnsafePointer<Float>, scaledBy factor: Float, inverses: UnsafePointer<Float>, count: Int, bits: Int,
        into q: UnsafeMutablePointer<Int8>
    ) {
        QuantiserKernels.store(x, scaledBy: factor, inverses: inverses, count, bits: bits, into: q)
    }

    /// The same for more than 8 bits.
    public static func quantise(
        _ x: UnsafePointer<Float>, scaledBy factor: Float, inverses: UnsafePointer<Float>, count: Int, bits: Int,
        into q: UnsafeMutablePointer<Int16>
    ) {
        QuantiserKernels.store(x, scaledBy: factor, inverses: inverses, count, bits: bits, into: q)
    }

    // MARK: Whole matrices

    /// Quantises a contiguous list by one scale, which is returned.
    public static func quantise(
        _ x: UnsafePointer<Float>, count: Int, bits: Int, into q: UnsafeMutablePointer<Int8>
    ) throws(QuantiserFault) -> Int32 {
        try QuantiserKernels.row(x, count, bits: bits, into: q)
    }

    /// The same for more than 8 bits.
    public static func quantise(
        _ x: UnsafePointer<Float>, count: Int, bits: Int, into q: UnsafeMutablePointer<Int16>
    ) throws(QuantiserFault) -> Int32 {
        try QuantiserKernels.row(x, count, bits: bits, into: q)
    }

    /// Quantises a contiguous list by a scale that `exponent(ofLargest:bits:)` gave for its largest magnitude.
    public static func quantise(
        _ x: UnsafePointer<Float>, count: Int, bits: Int, scale: Int32, into q: UnsafeMutablePointer<Int8>
    ) {
        QuantiserKernels.store(x, count, scale: scale, bits: bits, into: q)
    }

    /// The same for more than 8 bits.
    public static func quantise(
        _ x: UnsafePointer<Float>, count: Int, bits: Int, scale: Int32, into q: UnsafeMutablePointer<Int16>
    ) {
        QuantiserKernels.store(x, count, scale: scale, bits: bits, into: q)
    }

    /// Quantises contiguous `x` into `matrix`, reshaped with `axis: .matrix` (one scale) or `.rowBlock` (one scale a block).
    public static func quantiseMatrix(
        _ x: UnsafePointer<Float>, into matrix: QuantisedMatrix, pool: ThreadPool = .single
    ) throws(QuantiserFault) {
        switch matrix.axis {
        case .matrix:
            try wholeMatrix(x, into: matrix, pool: pool)
        case .rowBlock(let rows):
            let block = max(rows, 1)
            try pool.attempt(matrix.scaleCount) { index throws(QuantiserFault) in
                try quantiseBlock(x + index * block * matrix.columns, block: index, into: matrix)
            }
        case .row, .column:
            preconditionFailure("quantiseMatrix needs a matrix with one scale, or one a block of rows")
        }
    }

    /// Quantises one block of a matrix with `axis: .rowBlock`; `x` is the block's first number.
    static func quantiseBlock(
        _ x: UnsafePointer<Float>, block index: Int, into matrix: QuantisedMatrix
    ) throws(QuantiserFault) {
        guard case .rowBlock(let rows) = matrix.axis else {
            preconditionFailure("quantiseBlock needs a matrix with one scale a block of rows")
        }
        let first = index * rows
        let count = (min(first + rows, matrix.rows) - first) * matrix.columns
        let offset = first * matrix.columns
        matrix.scales[index] =
            matrix.bits <= 8
            ? try quantise(x, count: count, bits: matrix.bits, into: matrix.int8 + offset)
            : try quantise(x, count: count, bits: matrix.bits, into: matrix.int16 + offset)
    }

    private static func wholeMatrix(
        _ x: UnsafePointer<Float>, into matrix: QuantisedMatrix, pool: ThreadPool
    ) throws(QuantiserFault) {
        let count = matrix.rows * matrix.columns
        let largest = largestMagnitude(x, count: count, pool: pool)
        let scale = try exponent(ofLargest: largest, bits: matrix.bits)
        matrix.scales[0] = scale
        let split = WorkSplit(items: (count + 15) / 16, costPerItem: 16, pool: pool)
        pool.run(split.tasks) { task in
            let part = split.range(task)
            let first = part.lowerBound * 16
            let length = min(part.upperBound * 16, count) - first
            if matrix.bits <= 8 {
                QuantiserKernels.store(x + first, length, scale: scale, bits: matrix.bits, into: matrix.int8 + first)
            } else {
                QuantiserKernels.store(x + first, length, scale: scale, bits: matrix.bits, into: matrix.int16 + first)
            }
        }
    }

    /// The largest magnitude of contiguous numbers, as bits with the sign cleared (a NaN or an infinity is the largest).
    static func largestMagnitude(_ x: UnsafePointer<Float>, count: Int, pool: ThreadPool = .single) -> UInt32 {
        let split = WorkSplit(items: (count + 15) / 16, costPerItem: 16, pool: pool)
        if split.tasks <= 1 { return QuantiserKernels.largestMagnitude(x, count) }
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: split.tasks) { partial in
            // Written by one task each.
            nonisolated(unsafe) let results = partial
            pool.run(split.tasks) { task in
                let part = split.range(task)
                let first = part.lowerBound * 16
                results[task] = QuantiserKernels.largestMagnitude(x + first, min(part.upperBound * 16, count) - first)
            }
            return results.reduce(0) { max($0, $1) }
        }
    }
}
