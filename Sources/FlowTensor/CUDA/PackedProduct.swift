/// An `IntegerProduct` as products of bytes.
///
/// A number wider than 8 bits is cut into balanced digits in base 128, v = d₀ + 128·d₁ + 128²·d₂, each at most 127 in magnitude; the digits of
/// the two sides are multiplied with one another and added as 64-bit integers, so every width is exact.
struct PackedProduct {
    let product: IntegerProduct
    let leftDigits: Int
    let rightDigits: Int
    /// Padded sides.
    let m: Int
    let n: Int
    let k: Int
    /// Where this product's operands and results start in the staged memory, and its sums in theirs, in bytes.
    var inputOffset = 0
    var sumOffset = 0
    var outputOffset = 0

    init(_ product: IntegerProduct) {
        self.product = product
        leftDigits = Self.digits(product.a)
        rightDigits = Self.digits(product.b)
        m = ByteProduct.padded(product.m)
        n = ByteProduct.padded(product.n)
        k = ByteProduct.padded(product.k)
    }

    private var operandBytes: Int { (leftDigits * m + rightDigits * n) * k }
    /// The operands and, for the device to scale by, m + n exponents.
    var inputBytes: Int { operandBytes + 4 * (m + n) }
    var sumBytes: Int { leftDigits * rightDigits * m * n * 4 }
    /// The results, contiguous, in a multiple of 64 bytes.
    var resultBytes: Int { (product.m * product.n * 4 + 63) / 64 * 64 }

    /// Digits for an operand's width: the last digit of a 14-bit number is at most 64, that of a 16-bit one 2.
    static func digits(_ operand: IntegerOperand) -> Int { digits(bits: operand.bits) }

    static func digits(bits: Int) -> Int { bits <= 8 ? 1 : bits <= 14 ? 2 : 3 }

    var byteProducts: [ByteProduct] {
        var list: [ByteProduct] = []
        for left in 0..<leftDigits {
            for right in 0..<rightDigits {
                list.append(
                    ByteProduct(
                        m: m, n: n, k: k, a: inputOffset + left * m * k, b: inputOffset + (leftDigits * m + right * n) * k,
                        c: sumOffset + (left * rightDigits + right) * m * n * 4))
            }
        }
        return list
    }

    var rescale: ByteRescale {
        ByteRescale(
            m: product.m, n: product.n, sums: sumOffset, plane: m * n, sumsStride: n, leftDigits: leftDigits, rightDigits: rightDigits,
            rowScales: inputOffset + operandBytes, columnScales: inputOffset + operandBytes + 4 * m, result: outputOffset)
    }

    // MARK: Operands

    /// Writes both operands as rows of contracted digits, zeros in the padding, and the exponents of rows and columns.
    func pack(into staged: UnsafeMutableRawPointer) {
        let base = (staged + inputOffset).bindMemory(to: Int8.self, capacity: operandBytes)
        base.update(repeating: 0, count: operandBytes)
        Self.pack(
            product.a, lines: product.m, depth: product.k, contractedRows: product.layout == .tn, digits: leftDigits, stride: k,
            plane: m * k, into: base)
        Self.pack(
            product.b, lines: product.n, depth: product.k, contractedRows: product.layout != .nt, digits: rightDigits, stride: k,
            plane: n * k, into: base + leftDigits * m * k)
        let exponents = (staged + inputOffset + operandBytes).bindMemory(to: Int32.self, capacity: m + n)
        exponents.update(repeating: 0, count: m + n)
        for row in 0..<product.m { exponents[row] = rowScale(row) }
        for column in 0..<product.n { exponents[m + column] = columnScale(column) }
    }

    private func rowScale(_ row: Int) -> Int32 {
        let a = product.a
        return a.scales[(product.layout == .tn ? row : a.storedRow(row)) * a.scaleStride]
    }

    private func columnScale(_ column: Int) -> Int32 {
        let b = product.b
        return b.scales[(product.layout == .nt ? b.storedRow(column) : column) * b.scaleStride]
    }

    private static func pack(
        _ operand: IntegerOperand, lines: Int, depth: Int, contractedRows: Bool, digits: Int, stride: Int, plane: Int,
        into target: UnsafeMutablePointer<Int8>
    ) {
        switch operand.values {
        case .int8(let values):
            pack(values, operand, lines, depth, contractedRows) { line, place, value in target[line * stride + place] = value }
        case .int16(let values):
            pack(values, operand, lines, depth, contractedRows) { line, place, value in
                var rest = Int32(value)
                for digit in 0..<digits {
                    let low = digit == digits - 1 ? rest : ((rest + 64) & 127) - 64
                    target[digit * plane + line * stride + place] = Int8(truncatingIfNeeded: low)
                    rest = (rest - low) >> 7
                }
            }
        }
    }

    @inline(__always)
    private static func pack<Value>(
        _ values: UnsafePointer<Value>, _ operand: IntegerOperand, _ lines: Int, _ depth: Int, _ contractedRows: Bool,
        _ write: (_ line: Int, _ place: Int, Value) -> Void
    ) {
        if !contractedRows {
            for line in 0..<lines {
                let row = values + operand.storedRow(line) * operand.stride
                for place in 0..<depth { write(line, place, row[place]) }
            }
            return
        }
        // Blocks of columns, so that what is written stays in the cache while rows are read along memory.
        var first = 0
        while first < lines {
            let last = min(first + 64, lines)
            for place in 0..<depth {
                let row = values + operand.storedRow(place) * operand.stride
                for line in first..<last { write(line, place, row[line]) }
            }
            first = last
        }
    }

    // MARK: Sums

    /// Brings some rows of the staged output into the product's: results, or sums that are rounded here.
    func finish(_ rows: Range<Int>, from staged: UnsafeMutableRawPointer, rescaled: Bool) {
        for row in rows {
            if rescaled { take(row: row, from: staged) } else { finish(row: row, from: staged) }
        }
    }

    /// Copies row `row` of the device's results into the product's output.
    private func take(row: Int, from staged: UnsafeMutableRawPointer) {
        let results = (staged + outputOffset).assumingMemoryBound(to: Float.self)
        (product.output + row * product.outputStride).update(from: results + row * product.n, count: product.n)
    }

    /// Rounds and scales row `row` of the sums into the product's output, where the device cannot.
    private func finish(row: Int, from staged: UnsafeMutableRawPointer) {
        let sums = UnsafePointer((staged + sumOffset).assumingMemoryBound(to: Int32.self))
        let rowScale = rowScale(row)
        let output = product.output + row * product.outputStride
        for column in 0..<product.n {
            var sum: Int64 = 0
            for left in 0..<leftDigits {
                for right in 0..<rightDigits {
                    let part = sums[((left * rightDigits + right) * m + row) * n + column]
                    sum += Int64(part) << Int64(7 * (left + right))
                }
            }
            // Float(Int64) rounds once, half to even, and gives +0 for 0. The factor is an exact power of two.
            output[column] = Float(sum) * PowerOfTwo.float(rowScale &+ columnScale(column))
        }
    }
}
