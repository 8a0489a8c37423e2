import FlowTensor
import TestSupport
import Testing

@Suite struct PhiloxTests {
    @Test func knownAnswers() throws {
        let lines = try Vectors.text("flow/philox.txt").split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == 3)
        for line in lines {
            let w = try line.split(separator: " ").map { try #require(UInt32($0, radix: 16)) }
            try #require(w.count == 10)
            #expect(Philox.block(counter: (w[0], w[1], w[2], w[3]), key: (w[4], w[5])) == (w[6], w[7], w[8], w[9]))
        }
    }
}
