internal import FlowTensor

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
    /// Where this product's operands and sums start in the staged memory, in bytes.
    var inputOffset = 0
    var outputOffset = 0

    init(_ product: IntegerProduct) {
        self.product = product
        leftDigits = Self.digits(product.a)
        rightDigits = Self.digits(product.b)
        m = ByteProduct.padded(product.m)
        n = ByteProduct.padded(product.n)
        k = ByteProduct.padded(product.k)
    }

    var inputBytes: Int { (leftDigits * m + rightDigits * n) * k }
    var outputBytes: Int { leftDigits * rightDigits * m * n * 4 }

    /// Digits for an operand's width: the last digit of a 14-bit number is at most 64, that of a 16-bit one 2.
    static func digits(_ operand: IntegerOperand) -> Int { operand.bits <= 8 ? 1 : operand.bits <= 14 ? 2 : 3 }

    var byteProducts: [ByteProduct] {
        var list: [ByteProduct] = []
        for left in 0..<leftDigits {
            for right in 0..<rightDigits {
                list.append(
                    ByteProduct(
                        m: m, n: n, k: k, a: inputOffset + left * m * k, b: inputOffset + (leftDigits * m + right * n) * k,
                        c: outputOffset + (left * rightDigits + right) * m * n * 4))
            }
        }
        return list
    }

    // MARK: Operands

    /// Writes both operands as rows of contracted digits, zeros in the padding.
    func pack(into staged: UnsafeMutableRawPointer) {
        let base = (staged + inputOffset).bindMemory(to: Int8.self, capacity: inputBytes)
        base.update(repeating: 0, count: inputBytes)
        Self.pack(
            product.a, lines: product.m, depth: product.k, contractedRows: product.layout == .tn, digits: leftDigits, stride: k,
            plane: m * k, into: base)
        Self.pack(
            product.b, lines: product.n, depth: product.k, contractedRows: product.layout != .nt, digits: rightDigits, stride: k,
            plane: n * k, into: base + leftDigits * m * k)
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

    /// Rounds and scales row `row` of the sums into the product's output.
    func finish(row: Int, from staged: UnsafeMutableRawPointer) {
        let sums = UnsafePointer((staged + outputOffset).assumingMemoryBound(to: Int32.self))
        let a = product.a, b = product.b
        let rowScale = a.scales[(product.layout == .tn ? row : a.storedRow(row)) * a.scaleStride]
        let output = product.output + row * product.outputStride
        for column in 0..<product.n {
            var sum: Int64 = 0
            for left in 0..<leftDigits {
                for right in 0..<rightDigits {
                    let part = sums[((left * rightDigits + right) * m + row) * n + column]
                    sum += Int64(part) << Int64(7 * (left + right))
                }
            }
            let scale = b.scales[(product.layout == .nt ? b.storedRow(column) : column) * b.scaleStride]
            // Float(Int64) rounds once, half to even, and gives +0 for 0. The factor is an exact power of two.
            output[column] = Float(sum) * PowerOfTwo.float(rowScale &+ scale)
        }
    }
}
