@testable import FlowTensor
import TestSupport
import Testing

@Suite(.serialized) struct QuantiserTests {
    static let pools = [ThreadPool.single, ThreadPool(threads: 2), ThreadPool(threads: 3)]

    private func eachInstructionSet(_ body: (InstructionSet) throws -> Void) rethrows {
        defer { InstructionSet.select(forPointwise: InstructionSet.best) }
        for set in InstructionSet.allCases where set.isAvailable {
            InstructionSet.select(forPointwise: set)
            try body(set)
        }
    }

    private func expectEqual(_ matrix: QuantisedMatrix, row: Int, _ x: [Float], _ note: String) throws {
        let expected = try QuantiserReference.quantise(x, bits: matrix.bits)
        #expect(matrix.scale(row: row, column: 0) == expected.scale, "\(note)")
        #expect((0..<x.count).map { matrix[row, $0] } == expected.integers, "\(note)")
    }

    @Test func rowsEqualTheReference() throws {
        try eachInstructionSet { set in
            for (rows, columns, bits) in [(1, 1, 8), (3, 17, 8), (5, 33, 2), (40, 300, 8), (7, 31, 12), (2, 64, 16), (200, 128, 9)] {
                let seed = UInt64.random(in: 0 ... .max)
                var generator = SeededGenerator(seed: seed)
                let stride = columns + 5
                let x = Numbers.mixed(rows * stride, &generator, largest: 1e9)
                for pool in Self.pools {
                    let matrix = QuantisedMatrix(rows: rows, columns: columns, bits: bits, axis: .row)
                    try Quantiser.quantiseRows(x, stride: stride, into: matrix, pool: pool)
                    for row in 0..<rows {
                        try expectEqual(matrix, row: row, Array(x[row * stride..<row * stride + columns]), "\(set) \(bits) bits, seed \(seed)")
                    }
                }
            }
        }
    }

    @Test func columnsEqualTheReference() throws {
        try eachInstructionSet { set in
            for (rows, columns, bits, gathered) in [
                (1, 1, 8, false), (9, 17, 8, true), (33, 40, 8, false), (64, 130, 12, true), (0, 5, 8, false), (300, 100, 16, false),
            ] {
                let seed = UInt64.random(in: 0 ... .max)
                var generator = SeededGenerator(seed: seed)
                let stride = columns + 3
                let stored = rows + 4
                let x = Numbers.mixed(stored * stride, &generator, largest: 1e9)
                let indices = (0..<rows).map { _ in Int32.random(in: 0..<Int32(stored), using: &generator) }
                for pool in Self.pools {
                    let matrix = QuantisedMatrix(rows: rows, columns: columns, bits: bits, axis: .column)
                    try indices.withUnsafeBufferPointer { list in
                        try Quantiser.quantiseColumns(
                            x, rowIndices: gathered ? list.baseAddress : nil, stride: stride, into: matrix, pool: pool)
                    }
                    for column in 0..<columns {
                        let numbers = (0..<rows).map { x[(gathered ? Int(indices[$0]) : $0) * stride + column] }
                        let expected = try QuantiserReference.quantise(numbers, bits: bits)
                        #expect(matrix.scales[column] == expected.scale, "\(set), seed \(seed)")
                        #expect((0..<rows).map { matrix[$0, column] } == expected.integers, "\(set), seed \(seed)")
                    }
                }
            }
        }
    }

    @Test func matricesAndBlocks() throws {
        try eachInstructionSet { _ in
            var generator = SeededGenerator(seed: 11)
            let (rows, columns) = (24, 37)
            let x = Numbers.mixed(rows * columns, &generator, largest: 100)
            for bits in [8, 12] {
                for pool in Self.pools {
                    let whole = QuantisedMatrix(rows: rows, columns: columns, bits: bits, axis: .matrix)
                    try Quantiser.quantiseMatrix(x, into: whole, pool: pool)
                    let expected = try QuantiserReference.quantise(x, bits: bits)
                    #expect(whole.scales[0] == expected.scale)
                    #expect((0..<x.count).map { whole[$0 / columns, $0 % columns] } == expected.integers)

                    let blocks = QuantisedMatrix(rows: rows, columns: columns, bits: bits, axis: .rowBlock(rows: 8))
                    try Quantiser.quantiseMatrix(x, into: blocks, pool: pool)
                    #expect(blocks.scaleCount == 3)
                    for block in 0..<3 {
                        let part = Array(x[block * 8 * columns..<(block + 1) * 8 * columns])
                        let expected = try QuantiserReference.quantise(part, bits: bits)
                        #expect(blocks.scales[block] == expected.scale)
                        #expect((0..<part.count).map { blocks[block * 8 + $0 / columns, $0 % columns] } == expected.integers)
                        let operand = blocks.operand(row: block * 8)
                        #expect(operand.scales[0] == expected.scale && operand.scaleStride == 0)
                    }
                }
            }
        }
    }

    @Test func givenScales() throws {
        try eachInstructionSet { set in
            for count in [1, 15, 16, 37, 100] {
                for bits in [8, 12] {
                    let seed = UInt64.random(in: 0 ... .max)
                    var generator = SeededGenerator(seed: seed)
                    let x = Numbers.mixed(count, &generator, largest: 100)
                    // A column's own scale makes a list of one element.
                    let columns = try x.map { try QuantiserReference.quantise([$0 * 0.5], bits: bits) }
                    let inverses = columns.map { PowerOfTwo.float(-$0.scale) }
                    let whole = try QuantiserReference.quantise(x, bits: bits)
                    var (narrow, wide) = ([Int8](repeating: 99, count: 2 * count), [Int16](repeating: 99, count: 2 * count))
                    narrow.withUnsafeMutableBufferPointer { q in
                        guard bits <= 8, let q = q.baseAddress else { return }
                        Quantiser.quantise(x, scaledBy: 0.5, inverses: inverses, count: count, bits: bits, into: q)
                        Quantiser.quantise(x, count: count, bits: bits, scale: whole.scale, into: q + count)
                    }
                    wide.withUnsafeMutableBufferPointer { q in
                        guard bits > 8, let q = q.baseAddress else { return }
                        Quantiser.quantise(x, scaledBy: 0.5, inverses: inverses, count: count, bits: bits, into: q)
                        Quantiser.quantise(x, count: count, bits: bits, scale: whole.scale, into: q + count)
                    }
                    let found = bits <= 8 ? narrow.map { Int($0) } : wide.map { Int($0) }
                    #expect(found == columns.map { $0.integers[0] } + whole.integers, "\(set), n \(count), seed \(seed)")
                }
            }
        }
    }

    @Test func faults() throws {
        try eachInstructionSet { _ in
            let pool = ThreadPool(threads: 2)
            for (number, fault) in [
                (Float.nan, QuantiserFault.nonFinite), (.infinity, .nonFinite), (-.infinity, .nonFinite),
                (Float(sign: .plus, exponent: 47, significand: 1), .exponentAboveRange(41)),
            ] {
                var x = [Float](repeating: 1, count: 3 * 40)
                x[95] = number
                for bits in [8] {
                    #expect(throws: fault) {
                        try Quantiser.quantiseRows(x, stride: 40, into: QuantisedMatrix(rows: 3, columns: 40, bits: bits, axis: .row), pool: pool)
                    }
                    #expect(throws: fault) {
                        try Quantiser.quantiseColumns(x, stride: 40, into: QuantisedMatrix(rows: 3, columns: 40, bits: bits, axis: .column), pool: pool)
                    }
                    #expect(throws: fault) {
                        try Quantiser.quantiseMatrix(x, into: QuantisedMatrix(rows: 3, columns: 40, bits: bits, axis: .matrix), pool: pool)
                    }
                }
            }
            // 2^47 − 2^23 has E = 47, s = 40 at 8 bits: the largest allowed.
            let matrix = QuantisedMatrix(rows: 1, columns: 1, bits: 8, axis: .row)
            try Quantiser.quantiseRows([Float(sign: .plus, exponent: 47, significand: 1).nextDown], stride: 1, into: matrix)
            #expect(matrix.scales[0] == 40 && matrix[0, 0] == 127)
            // Below 2^−61 everything is zero under the smallest scale.
            try Quantiser.quantiseRows([Float(sign: .minus, exponent: -62, significand: 1)], stride: 1, into: matrix)
            #expect(matrix.scales[0] == -60 && matrix[0, 0] == 0)
            #expect(QuantiserFault.exponentAboveRange(41).description.contains("41"))
        }
    }

    @Test func reshapingReusesMemory() {
        let matrix = QuantisedMatrix(rows: 10, columns: 10, bits: 8, axis: .row)
        let first = matrix.int8
        matrix.reshape(rows: 5, columns: 20, bits: 8, axis: .column)
        #expect(matrix.int8 == first)
        #expect(matrix.scaleCount == 20)
    }

    @Test func columnSums() throws {
        try eachInstructionSet { set in
            for (rows, columns) in [(1, 1), (3, 17), (100, 64), (513, 130), (0, 4)] {
                let seed = UInt64.random(in: 0 ... .max)
                var generator = SeededGenerator(seed: seed)
                let stride = columns + (rows % 2)
                let x = Numbers.mixed(max(rows * stride, 1), &generator, largest: 1e9)
                let lines = (0..<rows).map { Array(x[$0 * stride..<$0 * stride + columns]) }
                let expected = Numbers.bits(try QuantiserReference.columnSums(lines, columns: columns))
                for pool in Self.pools {
                    var sums = [Float](repeating: .nan, count: columns)
                    try ColumnSum.columns(x, rows: rows, columns: columns, stride: stride, into: &sums, pool: pool)
                    #expect(Numbers.bits(sums) == expected, "\(set), \(rows) × \(columns), seed \(seed)")
                }
            }
        }
    }

    @Test func rowSumsByIdentifier() throws {
        try eachInstructionSet { set in
            let seed = UInt64.random(in: 0 ... .max)
            var generator = SeededGenerator(seed: seed)
            let (rows, columns, groups) = (200, 33, 19)
            let x = Numbers.mixed(rows * columns, &generator, largest: 1e3)
            let ids = (0..<rows).map { _ in Int32.random(in: -1...17, using: &generator) }
            let lines = (0..<rows).map { Array(x[$0 * columns..<($0 + 1) * columns]) }
            for pool in Self.pools {
                var sums = [Float](repeating: .nan, count: groups * columns)
                try ColumnSum.rows(x, ids: ids, rows: rows, columns: columns, stride: columns, groups: groups, into: &sums, pool: pool)
                for group in 0..<groups {
                    // Zero lines of the other groups keep the scale of the whole.
                    let part = (0..<rows).map { Int(ids[$0]) == group ? lines[$0] : lines[$0].map { _ in 0 } }
                    var largest: Float = 0
                    for number in x { largest = max(largest, abs(number)) }
                    let anchored = try QuantiserReference.columnSums(part + [[Float](repeating: largest, count: columns), [Float](repeating: -largest, count: columns)], columns: columns)
                    #expect(Numbers.bits(Array(sums[group * columns..<(group + 1) * columns])) == Numbers.bits(anchored), "\(set), seed \(seed)")
                }
            }
        }
        var sums: [Float] = [0]
        #expect(throws: QuantiserFault.nonFinite) {
            try ColumnSum.columns([Float.nan], rows: 1, columns: 1, stride: 1, into: &sums)
        }
        #expect(throws: QuantiserFault.exponentAboveRange(41)) {
            try ColumnSum.columns([Float(sign: .plus, exponent: 47, significand: 1)], rows: 1, columns: 1, stride: 1, into: &sums)
        }
    }
}
