import CFlowKernels
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

    /// Made by hand: the largest element, with its sign, is −127 steps of a group.
    @Test func aGroupByHand() {
        var x = [Float](repeating: 0, count: 512)
        x[0] = 254
        x[1] = -127
        x[2] = 5
        x[255] = 1
        var whole = [Int16](repeating: 99, count: 512)
        var scales: [Float] = [.nan, .nan]
        var sums = [Float](repeating: .nan, count: 16)
        InputRounding.roundGroups(x, 2, into: &whole, scales: &scales, sums: &sums)
        // Ties to even: 63.5 is 64, −2.5 is −2, −0.5 is 0.
        #expect(scales == [1 / (-127 / Float(254)), 0])
        #expect(whole[0...2] == [-127, 64, -2] && whole[3...].allSatisfy { $0 == 0 })
        #expect(sums == [-65 * scales[0]] + [Float](repeating: 0, count: 15))
    }

    @Test func numbersThatAreNoneMakeTheScaleUndefined() {
        for bad: Float in [.nan, .infinity, -.infinity] {
            var x = [Float](repeating: 1, count: 512)
            x[40] = bad
            let (blocks, _) = rounded(x)
            #expect(blocks[32..<64].allSatisfy { !$0.isFinite } && blocks[..<32].allSatisfy { $0.isFinite })
            var whole = [Int16](repeating: 0, count: 512)
            var scales: [Float] = [0, 0]
            var sums = [Float](repeating: 0, count: 16)
            InputRounding.roundGroups(x, 2, into: &whole, scales: &scales, sums: &sums)
            #expect(scales[0].isNaN && scales[1] == 1 / Float(-127))
        }
    }

    /// What each type reads, as llama.cpp's table of types says (ggml-cpu.c, `vec_dot_type`).
    @Test func typesReadTheFormsOfLlama() {
        #expect(InputForms(llama: .f32) == [] && InputForms(llama: .f16) == .halves && InputForms(llama: .bf16) == .bfloats)
        for type: GGUFTensorType in [.q4_0, .q4_1, .q5_0, .q5_1, .q8_0] { #expect(InputForms(llama: type) == .blocks) }
        for type: GGUFTensorType in [.q4_K, .q6_K] { #expect(InputForms(llama: type) == .groups) }
        let rows = InputRows([.halves, .bfloats])
        rows.reserve(2, width: 11)
        for column in 0..<11 {
            rows.row(1)[column] = 1 + Float(column) * 0x1p-12
        }
        rows.quantise(1)
        let inputs = rows.inputs(from: 1)
        // Binary16 has ten bits behind the one, bfloat16 seven.
        #expect((0..<11).map { (inputs.halves![$0] - 1) * 0x1p10 } == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2])
        #expect((0..<11).allSatisfy { inputs.bfloats![$0] == 1 })
    }

    /// Every level's products with the rounded form, against sums in binary64: Q4_1 has minimums, Q8_0 none; nine blocks are a group and a bit.
    @Test func kernelsReadTheRoundedForm() throws {
        let width = 288, blocks = 9, tokens = 3
        var generator = SeededGenerator(seed: 9)
        let x = (0..<tokens * width).map { _ in Float.random(in: -3...3, using: &generator) }
        let rows = InputRows(.blocks)
        rows.reserve(tokens, width: width)
        for token in 0..<tokens {
            for column in 0..<width { rows.row(token)[column] = x[token * width + column] }
            rows.quantise(token)
        }
        for (type, size, start) in [(GGUFTensorType.q4_1, 20, 4), (.q8_0, 34, 2)] {
            var weights = (0..<blocks * size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            for block in 0..<blocks {
                for place in stride(from: 0, to: start, by: 2) {
                    let half = HalfPrecision.binary16(Float.random(in: 0.01...0.02, using: &generator))
                    weights[block * size + place] = UInt8(truncatingIfNeeded: half)
                    weights[block * size + place + 1] = UInt8(truncatingIfNeeded: half >> 8)
                }
            }
            var decoded = [Float](repeating: 0, count: width)
            try weights.withUnsafeBytes { bytes in
                try decoded.withUnsafeMutableBufferPointer { try GGUFCodec.decode(bytes, type: type, into: $0) }
            }
            for level in InferenceKernelTests.Level.all {
                var y = [Float](repeating: .nan, count: tokens)
                weights.withUnsafeBytes { bytes in
                    y.withUnsafeMutableBufferPointer { y in
                        var matrix = cflow_matrix(
                            type: Int32(type.rawValue), weights: bytes.baseAddress!, row_bytes: weights.count, columns: width,
                            inputs: rows.inputs(), tokens: tokens, y: y.baseAddress!, y_stride: 1, y_rows: nil, adds: false)
                        level.kernels.multiply(&matrix, 0, 1)
                    }
                }
                for token in 0..<tokens {
                    let (values, sums) = rounded(Array(x[token * width..<(token + 1) * width]))
                    var expected = 0.0
                    var size = 0.0
                    for column in 0..<width {
                        expected += Double(decoded[column]) * Double(values[column])
                        size += abs(Double(decoded[column]) * Double(values[column]))
                    }
                    if type == .q4_1 {
                        // The minimums meet the sums, which are rounded by themselves.
                        for block in 0..<blocks {
                            let bits = UInt16(weights[block * 20 + 2]) | UInt16(weights[block * 20 + 3]) << 8
                            let sum = values[32 * block..<32 * block + 32].reduce(0.0) { $0 + Double($1) }
                            expected += Double(HalfPrecision.float(binary16: bits)) * (Double(sums[block]) - sum)
                        }
                    }
                    #expect(abs(Double(y[token]) - expected) <= 1e-6 * size + 1e-7, "\(type), \(level.testDescription), token \(token)")
                }
            }
        }
    }

    private func rounded(_ x: [Float]) -> (values: [Float], sums: [Float]) {
        var whole = [Int16](repeating: 99, count: x.count)
        var scales = [Float](repeating: .nan, count: x.count / 32)
        var sums = scales
        InputRounding.roundBlocks(x, x.count / 32, into: &whole, scales: &scales, sums: &sums)
        return (whole.indices.map { Float(whole[$0 / 32 * 32 + InputRounding.place($0 % 32)]) * scales[$0 / 32] }, sums)
    }
}
