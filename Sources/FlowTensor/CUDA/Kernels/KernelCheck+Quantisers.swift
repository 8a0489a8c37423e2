extension KernelCheck {
    private static let widths = [2, 8, 9, 12, 16]

    /// Rows at every clamp: zeros, denormals, small and large, and halves that tie under the scale 2^0 of 8 bits.
    private func rows(_ columns: Int) -> [[Float]] {
        let powers: [Float] = [0, 0x1p-140, 0x1p-90, 0x1p-62, 0x1p-61, 0x1p-20, 1, 0x1p20, 0x1p33]
        return powers.enumerated().map { index, power in
            let halves = integers(columns, list: 40 + index, in: -254...254)
            return halves.enumerated().map { place, value in
                // The largest magnitude stands somewhere, of either sign.
                let half = place == (index * 7) % columns ? (index % 2 == 0 ? 254 : -254) : value
                return Float(half) * 0.5 * power
            }
        }
    }

    private static func stored(_ integers: [Int], bits: Int) -> [UInt8] {
        integers.flatMap { value -> [UInt8] in
            let word = UInt16(bitPattern: Int16(value))
            return bits <= 8 ? [UInt8(truncatingIfNeeded: word)] : [UInt8(truncatingIfNeeded: word), UInt8(word >> 8)]
        }
    }

    private static func expected(_ numbers: [Float], bits: Int) throws(CUDAFault) -> (scale: Int32, integers: [Int]) {
        do { return try QuantiserReference.quantise(numbers, bits: bits) } catch {
            throw .callFailed(function: "the quantiser on numbers in range", status: 0)
        }
    }

    func quantisers() throws(CUDAFault) {
        for bits in Self.widths {
            for columns in Self.lengths {
                let rows = rows(columns)
                var scales: [Int32] = [], integers: [UInt8] = []
                for row in rows {
                    let (scale, values) = try Self.expected(row, bits: bits)
                    scales.append(scale)
                    integers += Self.stored(values, bits: bits)
                }
                try compare("row quantiser") { memory throws(CUDAFault) in
                    let x = try memory.put(rows.flatMap { $0 + [1e9] }), q = try memory.room(integers.count)
                    let target = try memory.room(4 * rows.count), fault = try memory.zero()
                    try kernels.quantiseRows(
                        x, rows: rows.count, columns: columns, stride: columns + 1, bits: bits, into: q, qStride: columns, scales: target,
                        fault: fault)
                    try memory.expect(scales, at: target, "row quantiser's scales at \(bits) bits")
                    try memory.expect(integers, at: q, "row quantiser at \(bits) bits")
                    try memory.expect([UInt32(0)], at: fault, "row quantiser's fault")
                }
                // The rows as matrices one after another.
                try compare("matrix quantiser") { memory throws(CUDAFault) in
                    let x = try memory.put(rows.flatMap { $0 }), q = try memory.room(integers.count)
                    let target = try memory.room(4 * rows.count), largest = try memory.room(4 * rows.count), fault = try memory.zero()
                    try kernels.quantiseMatrices(
                        x, count: columns, matrices: rows.count, bits: bits, into: q, scales: target, largest: largest, fault: fault)
                    try memory.expect(scales, at: target, "matrix quantiser's scales at \(bits) bits")
                    try memory.expect(integers, at: q, "matrix quantiser at \(bits) bits")
                    try memory.expect([UInt32(0)], at: fault, "matrix quantiser's fault")
                }
            }
        }
        try refusals()
    }

    /// What makes a step invalid.
    private func refusals() throws(CUDAFault) {
        let cases: [(number: Float, bits: Int, word: UInt32)] = [
            (.nan, 8, .max), (-.infinity, 8, .max), (0x1p47, 8, 41), (-0x1p100, 8, 94), (0x1p46, 8, 0), (0x1p54, 16, 0), (0x1p55, 16, 41),
        ]
        for (number, bits, word) in cases {
            try compare("row quantiser's refusal") { memory throws(CUDAFault) in
                let x = try memory.put([1, number, -3]), q = try memory.room(8), scale = try memory.room(4), fault = try memory.zero()
                try kernels.quantiseRows(
                    x, rows: 1, columns: 3, stride: 3, bits: bits, into: q, qStride: 3, scales: scale, fault: fault)
                try memory.expect([word], at: fault, "row quantiser's refusal")
            }
        }
        for (number, word) in [(Float.nan, UInt32.max), (.infinity, .max), (0x1p47, 41), (-0x1p46, 0)] {
            try compare("column sum's refusal") { memory throws(CUDAFault) in
                let x = try memory.put([1, number]), sums = try memory.floats(2), workspace = try memory.room(20)
                let fault = try memory.zero()
                try kernels.columnSums(x, rows: 1, columns: 2, into: sums, workspace: workspace, fault: fault)
                try memory.expect([word], at: fault, "column sum's refusal")
            }
        }
    }

    // MARK: Columns

    func columns() throws(CUDAFault) {
        for (rows, columns, bits) in [(1, 1, 8), (5, 37, 8), (150, 130, 8), (64, 16, 12), (70, 3, 16)] {
            for listed in [false, true] { try quantiseColumns(rows, columns, bits, listed: listed) }
        }
        for (rows, columns) in [(1, 1), (3, 37), (200, 20), (129, 140)] { try columnSums(rows, columns) }
    }

    private func quantiseColumns(_ rows: Int, _ columns: Int, _ bits: Int, listed: Bool) throws(CUDAFault) {
        let stored = rows + 9, stride = columns + 2
        let x = numbers(stored * stride, list: 50)
        let list = integers(rows, list: 51, in: 0...stored - 1).map { Int32($0) }
        let factors = integers(2 * rows, list: 52, in: -30...20).map { Int32($0) }
        var scales: [Int32] = [], integers = [Int](repeating: 0, count: rows * columns)
        for column in 0..<columns {
            let numbers = (0..<rows).map { row in
                listed
                    ? x[Int(list[row]) * stride + column] * PowerOfTwo.float(factors[2 * row]) : x[row * stride + column]
            }
            let (scale, values) = try Self.expected(numbers, bits: bits)
            scales.append(scale)
            for row in 0..<rows { integers[row * columns + column] = values[row] }
        }
        let bytes = Self.stored(integers, bits: bits)
        try compare("column quantiser") { memory throws(CUDAFault) in
            let source = try memory.put(x), list = try memory.put(list), factors = try memory.put(factors)
            let q = try memory.room(bytes.count), target = try memory.room(4 * columns), largest = try memory.room(4 * columns)
            let fault = try memory.zero()
            try kernels.quantiseColumns(
                source, rowsOf: listed ? list : 0, factors: listed ? factors : 0, factorStride: 2, rows: rows, columns: columns,
                stride: stride, bits: bits, into: q, qStride: columns, scales: target, largest: largest, fault: fault)
            try memory.expect(scales, at: target, "column quantiser's scales")
            try memory.expect(bytes, at: q, "column quantiser")
            try memory.expect([UInt32(0)], at: fault, "column quantiser's fault")
        }
    }

    private func columnSums(_ rows: Int, _ columns: Int) throws(CUDAFault) {
        // Scales of the sum from the clamp at -84 up to the largest.
        for (index, power) in [Float(1), 0x1p-60, 0x1p-100, 0x1p35].enumerated() {
            let x = numbers(rows * columns, list: 60 + index).map { $0 * power }
            let groups = 6
            let ids = integers(rows, list: 70, in: -1...6).map { Int32($0) }
            let workspace = 8 * groups * columns + 4
            for grouped in [false, true] {
                var expected = [Float](repeating: 0, count: (grouped ? groups : 1) * columns)
                do throws(QuantiserFault) {
                    if grouped {
                        try ColumnSum.rows(x, ids: ids, rows: rows, columns: columns, stride: columns, groups: groups, into: &expected)
                    } else {
                        expected = try QuantiserReference.columnSums(
                            (0..<rows).map { Array(x[$0 * columns..<($0 + 1) * columns]) }, columns: columns)
                    }
                } catch {
                    throw .callFailed(function: "the column sum of numbers in range", status: 0)
                }
                try compare("column sum") { memory throws(CUDAFault) in
                    let source = try memory.put(x), list = try memory.put(ids), sums = try memory.floats(expected.count)
                    let fault = try memory.zero()
                    try kernels.columnSums(
                        source, ids: grouped ? list : 0, groups: grouped ? groups : 1, rows: rows, columns: columns, into: sums,
                        workspace: try memory.room(workspace), fault: fault)
                    try memory.expect(expected, at: sums, grouped ? "grouped column sum" : "column sum")
                    try memory.expect([UInt32(0)], at: fault, "column sum's fault")
                }
            }
        }
    }

    // MARK: Products

    func products() throws(CUDAFault) {
        try rescale()
        for bits in [2, 8, 9, 14, 15, 16] {
            for contractedRows in [false, true] { try pack(bits, contractedRows) }
        }
    }

    private func rescale() throws(CUDAFault) {
        // Ties between two binary32 numbers, the ends of 32 bits, zero; one, two and three digits a side.
        let special: [Int32] = [0, 1, -1, 16_777_217, 16_777_219, -16_777_217, -16_777_219, .max, .min, 127 * 127 * 1_024]
        let (rows, columns, padded) = (3, 37, 48)
        for (left, right) in [(1, 1), (2, 2), (1, 3), (3, 3)] {
            let plane = 16 * padded
            let sums = (0..<left * right * plane).map { index in
                index % 3 == 0 ? special[index / 3 % special.count] : Int32(truncatingIfNeeded: integers(1, list: index, in: 0...0xFFFF_FFFF)[0])
            }
            let rowScales = exponents(2 * rows, list: 80), columnScales = exponents(columns, list: 81)
            let list: [Int32] = [2, 0, 1]
            var expected: [Float] = []
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum: Int64 = 0
                    for l in 0..<left {
                        for r in 0..<right { sum += Int64(sums[(l * right + r) * plane + row * padded + column]) << Int64(7 * (l + r)) }
                    }
                    expected.append(Float(sum) * PowerOfTwo.float(rowScales[2 * Int(list[row])] + columnScales[column]))
                }
            }
            try compare("rescaling") { memory throws(CUDAFault) in
                let y = try memory.floats(rows * columns)
                try kernels.rescale(
                    try memory.put(sums), plane: plane, sumsStride: padded, leftDigits: left, rightDigits: right,
                    rowScales: try memory.put(rowScales), rowScaleStride: 2, rowsOf: try memory.put(list),
                    columnScales: try memory.put(columnScales), columnScaleStride: 1, rows: rows, columns: columns, into: y, stride: columns)
                try memory.expect(expected, at: y, "rescaling of \(left) × \(right) digits")
            }
        }
    }

    private func pack(_ bits: Int, _ contractedRows: Bool) throws(CUDAFault) {
        let (lines, depth, digits) = (19, 37, PackedProduct.digits(bits: bits))
        let (rows, columns) = contractedRows ? (depth, lines) : (lines, depth)
        let stride = columns + 3, limit = (1 << (bits - 1)) - 1
        var values = integers((rows + 4) * stride, list: 90, in: -limit...limit)
        for (place, value) in [limit, -limit, 0, -1].enumerated() { values[5 * place] = value }
        let list = integers(rows, list: 91, in: 0...rows + 3).map { Int32($0) }
        let m = ByteProduct.padded(lines), k = ByteProduct.padded(depth)
        let stored = Self.stored(values, bits: bits)
        // The digits' sum is the value again, and each digit fits a byte.
        var expected = [Int8](repeating: 0, count: digits * m * k)
        for line in 0..<lines {
            for place in 0..<depth {
                var rest = values[Int(list[contractedRows ? place : line]) * stride + (contractedRows ? line : place)]
                for digit in 0..<digits {
                    var low = rest
                    if digit < digits - 1 {
                        low = ((rest % 128) + 128) % 128
                        if low >= 64 { low -= 128 }
                    }
                    expected[(digit * m + line) * k + place] = Int8(truncatingIfNeeded: low)
                    rest = (rest - low) / 128
                }
            }
        }
        try compare("packing") { memory throws(CUDAFault) in
            let target = try memory.room(expected.count)
            try kernels.pack(
                try memory.put(stored), bits: bits, rowsOf: try memory.put(list), contractedRows: contractedRows, lines: lines, depth: depth,
                stride: stride, digits: digits, into: target)
            try memory.expect(expected, at: target, "packing of \(bits) bits")
        }
    }
}
