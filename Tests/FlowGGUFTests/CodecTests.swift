import FlowGGUF
import TestSupport
import Testing

struct CodecTests {
    @Test func binary16GoesThereAndBackForAllPatterns() {
        for bits in UInt16.min...UInt16.max {
            let value = HalfPrecision.float(binary16: bits)
            #expect(value.isNaN == (bits & 0x7FFF > 0x7C00))
            if value.isNaN { continue }
            if HalfPrecision.binary16(value) != bits { Issue.record("\(bits) became \(HalfPrecision.binary16(value))") }
            #if !(os(macOS) && arch(x86_64))
            if Float(Float16(bitPattern: bits)) != value { Issue.record("\(bits) is \(value)") }
            #endif
        }
    }

    #if !(os(macOS) && arch(x86_64))
    @Test func binary16RoundsHalfToEven() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<200_000 {
            let exponent = UInt32.random(in: 100...145, using: &generator)
            let value = Float(bitPattern: UInt32.random(in: 0..<(1 << 23), using: &generator) | exponent << 23)
            for value in [value, -value, Float(bitPattern: value.bitPattern & ~0xFFF)] {
                if HalfPrecision.binary16(value) != Float16(value).bitPattern { Issue.record("\(value)") }
            }
        }
        #expect(HalfPrecision.binary16(65_520) == 0x7C00)
        #expect(HalfPrecision.binary16(65_519.996) == 0x7BFF)
    }
    #endif

    @Test(arguments: GGUFCodec.encodable)
    func encodedValuesComeBackClose(_ type: GGUFTensorType) throws {
        var generator = SeededGenerator(seed: 7)
        let values = (0..<2048).map { _ in Float.random(in: -2...2, using: &generator) }
        let bytes = try GGUFCodec.encode(values, type: type)
        #expect(bytes.count == type.byteCount(elements: 2048))
        let back = try bytes.withUnsafeBytes { (raw) throws(GGUFError) in try GGUFCodec.decode(raw, type: type) }
        var error = 0.0
        var norm = 0.0
        for (a, b) in zip(values, back) {
            error += Double(a - b) * Double(a - b)
            norm += Double(a) * Double(a)
        }
        let tolerance: [GGUFTensorType: Double] = [.f32: 0, .f16: 3e-4, .bf16: 3e-3, .q8_0: 6e-3, .q6_K: 2.5e-2, .q4_K: 8e-2]
        #expect((error / norm).squareRoot() <= tolerance[type] ?? 0.1, "\(type)")
    }

    @Test(arguments: GGUFCodec.encodable.filter { $0.blockLength > 1 })
    func extremeValuesAreRefusedOrKept(_ type: GGUFTensorType) throws {
        for bad in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            var values = [Float](repeating: 0.25, count: 2 * type.blockLength)
            values[type.blockLength + 3] = bad
            do throws(GGUFError) {
                _ = try GGUFCodec.encode(values, type: type)
                Issue.record("\(bad) was encoded as \(type)")
            } catch {
                guard case .unrepresentable(type, type.blockLength + 3, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        for small in [0, -0.0, Float.leastNonzeroMagnitude, 1e-30] {
            let bytes = try GGUFCodec.encode([Float](repeating: small, count: type.blockLength), type: type)
            let back = try bytes.withUnsafeBytes { (raw) throws(GGUFError) in try GGUFCodec.decode(raw, type: type) }
            #expect(back.allSatisfy { $0.magnitude <= 1e-6 }, "\(type) \(small)")
        }
    }

    @Test func lengthsMustBeWholeBlocks() {
        #expect(throws: GGUFError.self) { try GGUFCodec.encode([1, 2, 3], type: .q8_0) }
        #expect(throws: GGUFError.wrongLength(what: "bytes of Q8_0", expected: 34, actual: 35)) {
            let bytes = [UInt8](repeating: 0, count: 35)
            return try bytes.withUnsafeBytes { (raw) throws(GGUFError) in try GGUFCodec.decode(raw, type: .q8_0) }
        }
        #expect(throws: GGUFError.unsupportedConversion(type: .iq1_S, encoding: false)) {
            let bytes = [UInt8](repeating: 0, count: 50)
            return try bytes.withUnsafeBytes { (raw) throws(GGUFError) in try GGUFCodec.decode(raw, type: .iq1_S) }
        }
    }
}
