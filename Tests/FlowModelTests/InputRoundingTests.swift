import FlowGGUF
import TestSupport
import Testing

@testable import FlowModel

struct InputRoundingTests {
    /// Made by hand from the definition: the largest element is 127 steps, the scale a binary16 number.
    @Test func anExampleByHand() {
        var x = [Float](repeating: 0, count: 64)
        x[0] = 127
        x[1] = -63.5
        x[2] = 0.4
        x[3] = 1.5
        x[31] = -2.6
        let (y, sums) = rounded(x)
        // −63.5 and 1.5 are ties: to the even numbers −64 and 2.
        #expect(y[0...3] == [127, -64, 0, 2] && y[31] == -3)
        #expect(sums == [62, 0])
        #expect(y[32...].allSatisfy { $0 == 0 })
    }

    @Test func roundedTwiceIsRoundedOnce() {
        var generator = SeededGenerator(seed: 3)
        for exponent in -8...4 {
            let x = (0..<96).map { _ in Float.random(in: -1...1, using: &generator) * Float(sign: .plus, exponent: exponent, significand: 1) }
            let (once, sums) = rounded(x)
            #expect(rounded(once).values == once)
            for block in 0..<3 {
                let range = (32 * block)..<(32 * block + 32)
                let step = x[range].map(abs).max().map { $0 / 127 } ?? 0
                let sum = once[range].reduce(0, +)
                #expect(abs(sums[block] - sum) <= 32 * 127 * step * 0x1p-10)
                for index in range { #expect(abs(x[index] - once[index]) <= step * 0.6) }
            }
        }
    }

    private func rounded(_ x: [Float]) -> (values: [Float], sums: [Float]) {
        var y = [Float](repeating: .nan, count: x.count)
        var sums = [Float](repeating: .nan, count: x.count / 32)
        InputRounding.round(x, x.count, into: &y, sums: &sums)
        return (y, sums)
    }
}
