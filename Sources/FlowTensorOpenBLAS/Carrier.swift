internal import FlowTensor

/// Integers of an operand as floats, contiguous.
enum Carrier {
    /// Writes rows × columns numbers; where the rows are contracted they start at row `first`, else the columns do. Returns the row stride.
    static func convert<F: BinaryFloatingPoint & BitwiseCopyable>(
        _ operand: IntegerOperand, rows: Int, columns: Int, contractedRows: Bool, from first: Int, into output: UnsafeMutablePointer<F>
    ) -> Int {
        for row in 0..<rows {
            let stored = operand.storedRow(contractedRows ? first + row : row)
            let offset = stored * operand.stride + (contractedRows ? 0 : first)
            let target = output + row * columns
            switch operand.values {
            case .int8(let values): line(values + offset, columns, into: target)
            case .int16(let values): line(values + offset, columns, into: target)
            }
        }
        return columns
    }

    @inline(__always)
    private static func line<Q: FixedWidthInteger, F: BinaryFloatingPoint>(
        _ values: UnsafePointer<Q>, _ count: Int, into output: UnsafeMutablePointer<F>
    ) {
        if F.self == Float.self, Q.self == Int8.self {
            // Concrete types let the compiler vectorise.
            let source = UnsafeRawPointer(values).assumingMemoryBound(to: Int8.self)
            let target = UnsafeMutableRawPointer(output).assumingMemoryBound(to: Float.self)
            for i in 0..<count { target[i] = Float(source[i]) }
        } else {
            for i in 0..<count { output[i] = F(values[i]) }
        }
    }
}

/// The exact sums, rounded once and scaled.
enum Rescale {
    /// Sums that a float holds exactly. Adding +0 turns −0 into +0 and changes nothing else.
    static func rows(_ product: IntegerProduct, sums: UnsafePointer<Float>, stride: Int) {
        for row in 0..<product.m {
            let a = leftFactor(product, row)
            let source = sums + row * stride
            let target = product.output + row * product.outputStride
            for column in 0..<product.n { target[column] = (source[column] + 0) * (a * rightFactor(product, column)) }
        }
    }

    /// Sums that a double holds exactly; the conversion to float is the one rounding.
    static func rows(_ product: IntegerProduct, sums: UnsafePointer<Double>, stride: Int) {
        for row in 0..<product.m {
            let a = leftFactor(product, row)
            let source = sums + row * stride
            let target = product.output + row * product.outputStride
            for column in 0..<product.n { target[column] = Float(source[column] + 0) * (a * rightFactor(product, column)) }
        }
    }

    @inline(__always)
    private static func leftFactor(_ product: IntegerProduct, _ row: Int) -> Float {
        PowerOfTwo.float(product.a.scales[(product.layout == .tn ? row : product.a.storedRow(row)) * product.a.scaleStride])
    }

    @inline(__always)
    private static func rightFactor(_ product: IntegerProduct, _ column: Int) -> Float {
        PowerOfTwo.float(
            product.b.scales[(product.layout == .nt ? product.b.storedRow(column) : column) * product.b.scaleStride])
    }
}
