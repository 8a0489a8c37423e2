internal import CFlowKernels

/// Exact sums over rows: fixed point in 64-bit integers under one scale, so that any order gives the same bits
/// (`Documentation/Protocol/Arithmetic.md`, Sums).
public enum ColumnSum {
    /// The fixed-point exponent for the largest magnitude of the whole matrix.
    static func exponent(ofLargest magnitude: UInt32) throws(QuantiserFault) -> Int32 {
        if magnitude >= 0x7F80_0000 { throw .nonFinite }
        let e = Int32(magnitude >> 23) &- 126
        if e - 7 > 40 { throw .exponentAboveRange(Int(e - 7)) }
        return max(e - 31, -84)
    }

    /// `sums[c] = float32(Σ_r q)·2^s` over the rows of `x` (rows × columns, `stride` apart).
    public static func columns(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, into sums: UnsafeMutablePointer<Float>,
        pool: ThreadPool = .single
    ) throws(QuantiserFault) {
        let scale = try exponent(ofLargest: largest(x, rows: rows, columns: columns, stride: stride, pool: pool))
        let split = WorkSplit(items: (columns + 15) / 16, costPerItem: 16 * max(rows, 1), pool: pool)
        pool.run(split.tasks) { task in
            let part = split.range(task)
            ColumnSumKernels.columns(
                x, rows: rows, columns: (part.lowerBound * 16)..<min(part.upperBound * 16, columns), stride: stride,
                scale: scale, into: sums)
        }
    }

    /// Sums of the rows that share an id: row t of `x` belongs to row `ids[t]` of `sums` (groups × columns, contiguous). A group without a row is +0.
    /// One scale for all of `x`. Ids outside 0 ..< groups are left out.
    public static func rows(
        _ x: UnsafePointer<Float>, ids: UnsafePointer<Int32>, rows: Int, columns: Int, stride: Int, groups: Int,
        into sums: UnsafeMutablePointer<Float>, pool: ThreadPool = .single
    ) throws(QuantiserFault) {
        let scale = try exponent(ofLargest: largest(x, rows: rows, columns: columns, stride: stride, pool: pool))
        let groups = max(groups, 0), rows = max(rows, 0)
        let split = WorkSplit(items: groups, costPerItem: columns * (max(rows, 1) / max(groups, 1) + 1), pool: pool)
        numbers.withScratch(2 * groups + 1 + rows) { first in
            // Rows in the order of their groups, by counting.
            let next = first + groups + 1, order = next + groups
            for group in 0...groups { first[group] = 0 }
            for row in 0..<rows where ids[row] >= 0 && Int(ids[row]) < groups { first[Int(ids[row]) + 1] += 1 }
            for group in 0..<groups {
                first[group + 1] += first[group]
                next[group] = first[group]
            }
            for row in 0..<rows where ids[row] >= 0 && Int(ids[row]) < groups {
                order[next[Int(ids[row])]] = row
                next[Int(ids[row])] += 1
            }
            pool.run(split.tasks) { task in
                for group in split.range(task) {
                    ColumnSumKernels.gathered(
                        x, order: UnsafeBufferPointer(start: order + first[group], count: first[group + 1] - first[group]), columns: columns,
                        stride: stride, scale: scale, into: sums + group * columns)
                }
            }
        }
    }

    private static let numbers = ScratchPool<Int>()

    private static func largest(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, pool: ThreadPool
    ) -> UInt32 {
        if stride == columns { return Quantiser.largestMagnitude(x, count: max(rows, 0) * columns, pool: pool) }
        var largest: UInt32 = 0
        for row in 0..<max(rows, 0) { largest = max(largest, QuantiserKernels.largestMagnitude(x + row * stride, columns)) }
        return largest
    }
}

/// The loops of `ColumnSum`: fixed-point integers carried as doubles, exact below 2^53 and therefore in any order.
enum ColumnSumKernels {
    private static let scratch = ScratchPool<Double>()

    static func columns(
        _ x: UnsafePointer<Float>, rows: Int, columns: Range<Int>, stride: Int, scale: Int32, into sums: UnsafeMutablePointer<Float>
    ) {
        let count = columns.count
        accumulate(count, scale: scale, into: sums + columns.lowerBound) { add, inverse, partial in
            for row in 0..<max(rows, 0) { add(x + row * stride + columns.lowerBound, count, inverse, partial) }
        }
    }

    static func gathered(
        _ x: UnsafePointer<Float>, order: UnsafeBufferPointer<Int>, columns: Int, stride: Int, scale: Int32,
        into sums: UnsafeMutablePointer<Float>
    ) {
        accumulate(columns, scale: scale, into: sums) { add, inverse, partial in
            for row in order { add(x + row * stride, columns, inverse, partial) }
        }
    }

    private typealias RowAdder = @convention(c) (UnsafePointer<Float>, Int, Float, UnsafeMutablePointer<Double>) -> Void

    @inline(__always)
    private static func accumulate(
        _ count: Int, scale: Int32, into sums: UnsafeMutablePointer<Float>,
        _ body: (RowAdder, Float, UnsafeMutablePointer<Double>) -> Void
    ) {
        guard count > 0 else { return }
        scratch.withScratch(count) { partial in
            for i in 0..<count { partial[i] = 0 }
            body(cflow_pointwise_in_use().pointee.column_add, PowerOfTwo.float(-scale), partial)
            let factor = PowerOfTwo.float(scale)
            // The conversion from an exact integer is the one rounding; no sum is −0.
            for i in 0..<count { sums[i] = Float(partial[i]) * factor }
        }
    }
}
