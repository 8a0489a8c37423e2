extension DeviceKernels {
    // MARK: Rows and matrices

    /// `Quantiser.quantiseRows`.
    func quantiseRows(
        _ x: DevicePointer, rows: Int, columns: Int, stride: Int, bits: Int, into q: DevicePointer, qStride: Int, scales: DevicePointer,
        fault: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .quantiseRows, .rows(rows), .at(x), .count(rows), .count(columns), .count(stride), .count(bits), .at(q), .count(qStride),
            .at(scales), .at(fault))
    }

    /// `Quantiser.quantiseMatrix` for several matrices of `count` numbers one after another, a scale each.
    ///
    /// - Parameter largest: room for a word for each matrix; the largest magnitudes afterwards.
    func quantiseMatrices(
        _ x: DevicePointer, count: Int, matrices: Int, bits: Int, into q: DevicePointer, scales: DevicePointer, largest: DevicePointer,
        fault: DevicePointer
    ) throws(CUDAFault) {
        try matrixLargest(x, count: count, matrices: matrices, into: largest)
        try launch(
            .quantiseMatrices, .strided(count, lists: matrices), .at(x), .count(count), .at(largest), .count(bits), .at(q), .at(scales),
            .at(fault))
    }

    private func matrixLargest(_ x: DevicePointer, count: Int, matrices: Int, into largest: DevicePointer) throws(CUDAFault) {
        try device.fill(largest, 0, count: 4 * matrices)
        try launch(.matrixLargest, .strided(count, lists: matrices), .at(x), .count(count), .at(largest))
    }

    // MARK: Columns

    /// `Quantiser.quantiseColumns`, of `x[rowsOf[r]]·2^factors[r · factorStride]` where the lists are given.
    ///
    /// - Parameter largest: room for a word for each column.
    func quantiseColumns(
        _ x: DevicePointer, rowsOf: DevicePointer = 0, factors: DevicePointer = 0, factorStride: Int = 1, rows: Int, columns: Int,
        stride: Int, bits: Int, into q: DevicePointer, qStride: Int, scales: DevicePointer, largest: DevicePointer, fault: DevicePointer
    ) throws(CUDAFault) {
        if columns == 0 { return }
        try device.fill(largest, 0, count: 4 * columns)
        try launch(
            .columnLargest, .columns(columns, rows: rows), .at(x), .at(rowsOf), .at(factors), .count(factorStride), .count(rows),
            .count(columns), .count(stride), .at(largest))
        try launch(.columnScales, .elements(columns), .at(largest), .count(columns), .count(bits), .at(scales), .at(fault))
        try launch(
            .quantiseByColumns, .rowBlocks(rows), .at(x), .at(rowsOf), .at(factors), .count(factorStride), .count(columns),
            .count(stride), .at(scales), .count(bits), .at(q), .count(qStride))
    }

    /// `ColumnSum.columns`, or `ColumnSum.rows` where `ids` is given, of a contiguous matrix.
    ///
    /// - Parameters:
    ///   - groups: rows of the sums; 1 without ids.
    ///   - workspace: room for `groups · columns` words of 64 bits and one of 32 bits behind them.
    func columnSums(
        _ x: DevicePointer, ids: DevicePointer = 0, groups: Int = 1, rows: Int, columns: Int, into sums: DevicePointer,
        workspace: DevicePointer, fault: DevicePointer
    ) throws(CUDAFault) {
        let count = groups * columns
        if count == 0 { return }
        let largest = workspace + UInt64(8 * count)
        try device.fill(workspace, 0, count: 8 * count)
        try matrixLargest(x, count: rows * columns, matrices: 1, into: largest)
        try launch(
            .columnAdd, .columns(columns, rows: rows), .at(x), .at(ids), .count(groups), .count(rows), .count(columns), .count(columns),
            .at(largest), .at(workspace), .at(fault))
        try launch(.columnFinish, .elements(count), .at(workspace), .count(count), .at(largest), .at(sums), .at(fault))
    }
}
