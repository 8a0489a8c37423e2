import FlowTensor
import TestSupport

/// Backends that are wrong in the ways in which real ones are: the admission check must find each.
struct FaultyBackend: MatrixBackend {
    enum Fault: CaseIterable {
        /// Sums in float over the whole contraction.
        case floatAccumulation
        /// A zero sum with a negative sign.
        case negativeZero
        /// Pairs of products saturate at 16 bits, as vpmaddubsw does on unsigned bytes.
        case saturatedPairs
        /// Rounds toward zero instead of half to even.
        case truncation
        /// Ignores the list of rows.
        case ignoresRowIndices
        /// Writes one number behind each row.
        case writesBehindRows
        /// Sums wrap at 32 bits for wide operands.
        case wrapsAt32Bits
        /// Takes all scales of B from its first.
        case oneScale
        /// Forgets to write the output of an empty contraction.
        case skipsEmptySums
        /// Leaves the thread rounding or flushing otherwise.
        case changesState
        /// Is not here.
        case isAbsent
    }

    var fault: Fault
    var state = HostState(number: 1)
    var name: String { "faulty" }
    var obstacle: String? { fault == .isAbsent ? "absent" : nil }

    func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        if fault == .changesState {
            ReferenceBackend().execute(products, pool: pool)
            return state.enter()
        }
        for product in products {
            if fault == .skipsEmptySums && product.k == 0 { continue }
            for m in 0..<product.m {
                for n in 0..<product.n { product.output[m * product.outputStride + n] = number(product, m, n) }
                if fault == .writesBehindRows { product.output[m * product.outputStride + product.n] = 0 }
            }
        }
    }

    private func value(_ operand: IntegerOperand, _ row: Int, _ column: Int) -> Int64 {
        let stored = fault == .ignoresRowIndices ? row : operand.storedRow(row)
        switch operand.values {
        case .int8(let pointer): return Int64(pointer[stored * operand.stride + column])
        case .int16(let pointer): return Int64(pointer[stored * operand.stride + column])
        }
    }

    private func number(_ product: IntegerProduct, _ m: Int, _ n: Int) -> Float {
        var sum: Int64 = 0
        var float: Float = 0
        var pair: Int64 = 0
        for k in 0..<product.k {
            let a = product.layout == .tn ? value(product.a, k, m) : value(product.a, m, k)
            let b = product.layout == .nt ? value(product.b, n, k) : value(product.b, k, n)
            float += Float(a) * Float(b)
            if fault == .saturatedPairs {
                pair += (a + 128) * b
                if k % 2 == 1 || k == product.k - 1 {
                    sum += min(max(pair, -32_768), 32_767)
                    pair = 0
                }
                sum -= 128 * b
            } else {
                sum += a * b
            }
        }
        if fault == .wrapsAt32Bits { sum = Int64(Int32(truncatingIfNeeded: sum)) }
        let aRow = product.layout == .tn ? m : product.a.storedRow(m)
        let bRow = product.layout == .nt ? product.b.storedRow(n) : n
        let factor = PowerOfTwo.float(
            product.a.scales[aRow * product.a.scaleStride] + product.b.scales[fault == .oneScale ? 0 : bRow * product.b.scaleStride])
        var result = fault == .floatAccumulation ? float : Float(sum)
        if fault == .truncation, Int64(result) != sum, abs(Int64(result)) > abs(sum) { result = sum > 0 ? result.nextDown : result.nextUp }
        if fault == .negativeZero, sum == 0 { result = -0.0 }
        return result * factor
    }
}
