extension IntegerProduct {
    /// A weight gradient without the rows in which its left operand is zero everywhere: they add nothing to any sum, so the integers are the same.
    ///
    /// A token that the model predicts well has a gradient that its columns' scales round to nothing. Where too few rows are zero to pay for gathering
    /// the others, the product stays as it is.
    ///
    /// - Parameter list: room for `k` numbers; the caller keeps it until the product is done.
    /// - Returns: the product, and how many of its `k` rows are zero.
    /// - Precondition: the layout is `tn` and no operand has row indices.
    public func leavingOutZeroRows(_ list: UnsafeMutablePointer<Int32>) -> (product: IntegerProduct, zeroRows: Int) {
        precondition(layout == .tn && a.rowIndices == nil && b.rowIndices == nil, "rows are left out of weight gradients in memory's order")
        var kept = 0
        for row in 0..<k where !a.isZero(row: row, columns: m) {
            list[kept] = Int32(truncatingIfNeeded: row)
            kept += 1
        }
        let zeroRows = k - kept
        guard zeroRows * Self.leastShare >= k, zeroRows > 0 else { return (self, zeroRows) }
        // Of a product of nothing but zeros one row stays.
        if kept == 0 {
            list[0] = 0
            kept = 1
        }
        var shorter = self
        shorter.k = kept
        shorter.a.rowIndices = UnsafePointer(list)
        shorter.b.rowIndices = UnsafePointer(list)
        return (shorter, zeroRows)
    }

    /// How many of some rows of a weight gradient's left operand are zero, for a report: looks at one row of `interval`.
    public func zeroRows(every interval: Int) -> (looked: Int, zero: Int) {
        precondition(layout == .tn && a.rowIndices == nil && interval > 0, "rows of a weight gradient in memory's order are looked at")
        var (looked, zero) = (0, 0)
        for row in stride(from: 0, to: k, by: interval) {
            looked += 1
            if a.isZero(row: row, columns: m) { zero += 1 }
        }
        return (looked, zero)
    }

    /// Rows are left out where at least one of so many is zero.
    static let leastShare = 8
}

extension IntegerOperand {
    /// Whether the first `columns` numbers of a row in memory are all zero.
    fileprivate func isZero(row: Int, columns: Int) -> Bool {
        switch values {
        case .int8(let base): Self.isZero(UnsafeRawPointer(base + row * stride), count: columns)
        case .int16(let base): Self.isZero(UnsafeRawPointer(base + row * stride), count: 2 * columns)
        }
    }

    private static func isZero(_ bytes: UnsafeRawPointer, count: Int) -> Bool {
        var place = 0
        while place + 8 <= count {
            if bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) != 0 { return false }
            place += 8
        }
        while place < count {
            if bytes.load(fromByteOffset: place, as: UInt8.self) != 0 { return false }
            place += 1
        }
        return true
    }
}
