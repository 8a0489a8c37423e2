/// Operands and output of one `BackendCheck`, in memory with gaps between rows.
final class BackendCheckMaterial {
    private static let gap = 3
    private static let canary = Float(bitPattern: 0x7FC0_1234)

    let check: BackendCheck
    let outputStride: Int
    private let a: Operand
    private let b: Operand
    private let result: AlignedBuffer<Float>
    private let resultCount: Int

    init(_ check: BackendCheck) {
        self.check = check
        outputStride = check.n + Self.gap
        resultCount = (check.m + 1) * outputStride
        result = AlignedBuffer(capacity: resultCount)
        let aRows = check.layout == .tn ? check.k : check.m
        let aColumns = check.layout == .tn ? check.m : check.k
        let bRows = check.layout == .nt ? check.n : check.k
        let bColumns = check.layout == .nt ? check.k : check.n
        a = Operand(check, rows: aRows, columns: aColumns, contractedRows: check.layout == .tn, right: false)
        b = Operand(check, rows: bRows, columns: bColumns, contractedRows: check.layout != .nt, right: true)
    }

    var product: IntegerProduct {
        IntegerProduct(
            check.layout, m: check.m, n: check.n, k: check.k, a: a.operand, b: b.operand, output: result.pointer,
            outputStride: outputStride)
    }

    func clearOutput() {
        for i in 0..<resultCount { result.pointer[i] = Self.canary }
    }

    var outputNumbers: [Float] { (0..<resultCount).map { result.pointer[$0] } }

    func output(of backend: any MatrixBackend, pool: ThreadPool) -> [Float] {
        clearOutput()
        backend.execute([product], pool: pool)
        return outputNumbers
    }

    /// One operand's memory.
    private final class Operand {
        let stride: Int
        let bits: Int
        let narrow: AlignedBuffer<Int8>
        let wide: AlignedBuffer<Int16>
        let scales: AlignedBuffer<Int32>
        let indices: AlignedBuffer<Int32>?
        let scaleStride: Int

        init(_ check: BackendCheck, rows: Int, columns: Int, contractedRows: Bool, right: Bool) {
            stride = columns + BackendCheckMaterial.gap
            bits = check.bits
            let storedRows = check.gathered ? rows * 2 : rows
            narrow = AlignedBuffer(capacity: bits <= 8 ? storedRows * stride + 1 : 0)
            wide = AlignedBuffer(capacity: bits > 8 ? storedRows * stride + 1 : 0)
            let scaled = contractedRows ? columns : storedRows
            scaleStride = right ? 1 : 2
            scales = AlignedBuffer(capacity: scaled * scaleStride + 1)
            indices = check.gathered ? AlignedBuffer(capacity: rows) : nil
            if let indices { for r in 0..<rows { indices.pointer[r] = Int32((r * 7 + 3) % storedRows) } }
            // Exponents at both clamps and between them.
            let exponents: [Int32] = [-60, 40, 0, -7, 13, -31]
            for i in 0..<(scaled * scaleStride + 1) { scales.pointer[i] = exponents[(i + (right ? 1 : 0)) % exponents.count] }
            let limit = (1 << (bits - 1)) - 1
            for row in 0..<storedRows {
                for column in 0..<stride {
                    let inside = column < columns
                    let k = contractedRows ? row : column
                    let line = contractedRows ? column : row
                    let value = inside ? Self.value(check.fill, k: k, line: line, of: check.k, limit: limit, right: right) : limit
                    if bits <= 8 {
                        narrow.pointer[row * stride + column] = Int8(truncatingIfNeeded: value)
                    } else {
                        wide.pointer[row * stride + column] = Int16(truncatingIfNeeded: value)
                    }
                }
            }
        }

        var operand: IntegerOperand {
            IntegerOperand(
                values: bits <= 8 ? .int8(UnsafePointer(narrow.pointer)) : .int16(UnsafePointer(wide.pointer)), stride: stride,
                bits: bits, scales: UnsafePointer(scales.pointer), scaleStride: scaleStride,
                rowIndices: indices.map { UnsafePointer($0.pointer) })
        }

        /// The value at contracted index k of output row or column `line`.
        static func value(_ fill: BackendCheck.Fill, k: Int, line: Int, of length: Int, limit: Int, right: Bool) -> Int {
            switch fill {
            case .largest: return limit
            case .alternating:
                // The left sign follows k; the right follows it or opposes it by line, so that sums are extreme of either sign.
                let sign = k % 2 == 0 ? 1 : -1
                return limit * sign * (right && line % 2 == 1 ? -1 : 1)
            case .cancelling: return right ? limit : (k % 2 == 0 ? limit : -limit)
            case .zeros: return right ? -limit : 0
            case .ties:
                // 1,040 · 127² + 127 · 24 + j = 2^24 − 8 + j; j = 9, 10, 11 give 2^24 + 1, + 2, + 3.
                if k < 1_040 { return right ? limit : (line % 2 == 0 ? limit : -limit) }
                if k == 1_040 { return right ? 24 : (line % 2 == 0 ? limit : -limit) }
                return right ? 9 + line % 3 : (line % 2 == 0 ? 1 : -1)
            case .random:
                let word = Philox.block(
                    counter: (UInt32(truncatingIfNeeded: k), UInt32(truncatingIfNeeded: line), right ? 1 : 0, 0),
                    key: (UInt32(truncatingIfNeeded: length), 0)
                ).0
                return Int(word % UInt32(2 * limit + 1)) - limit
            }
        }
    }
}
