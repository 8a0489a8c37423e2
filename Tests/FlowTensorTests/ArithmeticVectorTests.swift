@testable import FlowTensor
import TestSupport
import Testing

/// The vectors of an independent script (numpy float32) against the reference and every instruction set.
@Suite(.serialized) struct ArithmeticVectorTests {
    private struct File: Decodable {
        struct Function: Decodable {
            var x: String
            var y: String
        }
        struct LaneSum: Decodable {
            var x: String
            var sum: String
        }
        struct Quantised: Decodable {
            var bits: Int
            var x: String
            var scale: Int32
            var q: [Int]
        }
        struct ColumnSums: Decodable {
            var rows: [String]
            var sums: String
        }
        var exp: Function
        var sigmoid: Function
        var log: Function
        var laneSums: [LaneSum]
        var quantised: [Quantised]
        var columnSums: [ColumnSums]
    }

    private static let file = Result { try Vectors.json("flow/arithmetic.json", as: File.self) }

    @Test func functions() throws {
        let file = try Self.file.get()
        for (x, y) in zip(Numbers.words(file.exp.x), Numbers.words(file.exp.y)) {
            #expect(CanonicalReference.exp(x).bitPattern == y.bitPattern, "exp(\(x))")
            #expect(Canonical.exp(SIMD16(repeating: x)) == SIMD16(repeating: y))
        }
        for (x, y) in zip(Numbers.words(file.sigmoid.x), Numbers.words(file.sigmoid.y)) {
            #expect(CanonicalReference.sigmoid(x).bitPattern == y.bitPattern, "sigmoid(\(x))")
            #expect(Canonical.sigmoid(SIMD16(repeating: x)) == SIMD16(repeating: y))
        }
        for (x, y) in zip(Numbers.words(file.log.x), Numbers.words(file.log.y)) {
            #expect(Canonical.log(x).bitPattern == y.bitPattern, "log(\(x))")
        }
    }

    @Test func laneSums() throws {
        for entry in try Self.file.get().laneSums {
            let x = Numbers.words(entry.x)
            let expected = Numbers.words(entry.sum)[0].bitPattern
            #expect(CanonicalReference.laneSum(x, x.count).bitPattern == expected)
            #expect(Canonical.laneSum(x, x.count).bitPattern == expected)
        }
    }

    @Test func quantisers() throws {
        for entry in try Self.file.get().quantised {
            let x = Numbers.words(entry.x)
            let reference = try QuantiserReference.quantise(x, bits: entry.bits)
            #expect(reference.scale == entry.scale)
            #expect(reference.integers == entry.q)
            let matrix = QuantisedMatrix(rows: 1, columns: x.count, bits: entry.bits, axis: .row)
            try Quantiser.quantiseRows(x, stride: x.count, into: matrix)
            #expect(matrix.scales[0] == entry.scale)
            #expect((0..<x.count).map { matrix[0, $0] } == entry.q)
        }
    }

    @Test func columnSums() throws {
        for entry in try Self.file.get().columnSums {
            let rows = entry.rows.map { Numbers.words($0) }
            let expected = Numbers.bits(Numbers.words(entry.sums))
            #expect(Numbers.bits(try QuantiserReference.columnSums(rows, columns: 5)) == expected)
            var sums = [Float](repeating: .nan, count: 5)
            try ColumnSum.columns(rows.flatMap { $0 }, rows: rows.count, columns: 5, stride: 5, into: &sums)
            #expect(Numbers.bits(sums) == expected)
        }
    }
}
