@testable import FlowConsensus
import TestSupport
import Testing

@Suite struct WideIntegerTests {
    private func random(_ generator: inout SeededGenerator) -> UInt256 {
        var bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        // Numbers of all lengths.
        let length = Int(generator.next() % 33)
        for index in length..<32 { bytes[index] = 0 }
        return UInt256(littleEndianBytes: bytes) ?? .zero
    }

    @Test func divisionUndoesMultiplication() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let a = random(&generator)
            let b = random(&generator)
            guard let division = a.quotientAndRemainder(dividingBy: b) else {
                #expect(b.isZero)
                continue
            }
            #expect(division.remainder < b)
            // quotient · b + remainder, by shifts and additions.
            var product = division.remainder
            for bit in 0..<256 where !division.quotient.shiftedRight(by: bit).isEven {
                product = product.addingReportingOverflow(b.shiftedLeft(by: bit)).partialValue
            }
            #expect(product == a)
        }
    }

    @Test func productsOfATargetAndASpanNeed320Bits() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let a = random(&generator)
            let factor = generator.next() | 1
            let product = a.multipliedFullWidth(by: factor)
            let division = try #require(product.quotientAndRemainder(dividingBy: factor))
            #expect(division.remainder == 0)
            #expect(division.quotient.clamped == a)
        }
        #expect(UInt256.max.multipliedFullWidth(by: .max).clamped == .max)
        #expect(UInt256.max.multipliedFullWidth(by: 1).clamped == .max)
        #expect(UInt320(.one).quotientAndRemainder(dividingBy: 0) == nil)
    }

    @Test func additionAndSubtraction() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            let a = random(&generator)
            let b = random(&generator)
            let sum = a.addingReportingOverflow(b)
            let back = sum.partialValue.subtractingReportingOverflow(b)
            #expect(back.partialValue == a)
            #expect(back.overflow == sum.overflow)
            #expect(a.subtractingReportingOverflow(b).overflow == (a < b))
        }
        #expect(UInt256.max.addingReportingOverflow(.one) == (.zero, true))
        #expect(UInt256.zero.subtractingReportingOverflow(.one) == (.max, true))
        #expect((~UInt256.zero) == .max)
    }

    @Test func shifts() {
        #expect(UInt256.one.shiftedLeft(by: 255).shiftedRight(by: 255) == .one)
        #expect(UInt256.one.shiftedLeft(by: 256) == .zero)
        #expect(UInt256.max.shiftedRight(by: 256) == .zero)
        #expect(UInt256.max.shiftedLeft(by: 0) == .max)
        for bit in 0..<256 { #expect(UInt256.one.shiftedLeft(by: bit).significantBits == bit + 1) }
        #expect(UInt256.zero.significantBits == 0)
    }
}

extension UInt256 {
    fileprivate var isEven: Bool { lowWord & 1 == 0 }
}
