import FlowTensor
import TestSupport
import Testing

@Suite struct RotaryTableTests {
    private struct File: Decodable {
        struct Case: Decodable {
            var headLength: Int
            var position: Int
            var sin: String
            var cos: String
        }
        var cases: [Case]
    }

    @Test func equalsTheIndependentTable() throws {
        let file = try Vectors.json("flow/rotary.json", as: File.self)
        #expect(file.cases.count == 50)
        var tables: [Int: RotaryTable] = [:]
        for entry in file.cases {
            let table = tables[entry.headLength] ?? RotaryTable(headLength: entry.headLength, positions: 4_096)
            tables[entry.headLength] = table
            let half = entry.headLength / 2
            let place = entry.position * half..<(entry.position + 1) * half
            #expect(Numbers.bits(Array(table.sin[place])) == Numbers.bits(Numbers.words(entry.sin)), "head \(entry.headLength), position \(entry.position)")
            #expect(Numbers.bits(Array(table.cos[place])) == Numbers.bits(Numbers.words(entry.cos)), "head \(entry.headLength), position \(entry.position)")
        }
    }

    @Test func liesOnTheUnitCircle() {
        let table = RotaryTable(headLength: 64, positions: 512)
        for (s, c) in zip(table.sin, table.cos) { #expect(abs(Double(s) * Double(s) + Double(c) * Double(c) - 1) < 3e-7) }
    }

    @Test func emptyTable() {
        #expect(RotaryTable(headLength: 4, positions: 0).sin.isEmpty)
    }
}
