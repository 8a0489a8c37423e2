import CFlowKernels
import FlowGGUF
import TestSupport
import Testing

@testable import FlowModel

/// The kernels that follow llama.cpp give the same bits on every level, so a text that is equal on one is equal on all.
///
/// `SmolLM2Tests` shows on this processor's best level that the bits are llama.cpp's.
struct LlamaKernelTests {
    private static let others = InferenceKernelTests.Level.all.filter { $0.number != 0 }
    private static let portable = cflow_inference_at(0)!.pointee

    private static func numbers(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
        (0..<count).map { _ in
            let value = Float.random(in: -4...4, using: &generator)
            // Some far smaller, so that additions round.
            return Bool.random(using: &generator) ? value : value * Float(sign: .plus, exponent: Int.random(in: -30...2, using: &generator), significand: 1)
        }
    }

    private static func bits(_ x: [Float]) -> [UInt32] { x.map(\.bitPattern) }

    @Test(arguments: others, [GGUFTensorType.q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .f32, .f16, .bf16])
    func productsAreTheSame(_ level: InferenceKernelTests.Level, _ type: GGUFTensorType) {
        var generator = SeededGenerator(seed: 31)
        let size = type.blockByteCount, outputs = 5
        for width in [32, 288, 576] {
            for tokens in [1, 2, 3, 4, 8, 13] {
                let rows = InputRows(InputForms(llama: type))
                rows.reserve(tokens, width: width)
                for token in 0..<tokens {
                    rows.row(token).update(from: Self.numbers(width, &generator), count: width)
                    rows.quantise(token)
                }
                var weights = (0..<outputs * width / type.blockLength * size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                for start in stride(from: 0, to: weights.count, by: size) {
                    for place in type == .q4_1 || type == .q5_1 || type == .f32 ? [1, 3] : [1] {
                        // Neither huge nor undefined.
                        weights[start + place] &= 0xBB
                    }
                }
                func product(_ kernels: cflow_inference) -> [Float] {
                    var y = [Float](repeating: 0.25, count: tokens * outputs)
                    weights.withUnsafeBytes { weights in
                        y.withUnsafeMutableBufferPointer { y in
                            var matrix = cflow_matrix(
                                type: Int32(type.rawValue), weights: weights.baseAddress!, row_bytes: weights.count / outputs, columns: width,
                                inputs: rows.inputs(), tokens: tokens, y: y.baseAddress!, y_stride: outputs, y_rows: nil, adds: true)
                            kernels.multiply(&matrix, 0, outputs)
                        }
                    }
                    return y
                }
                #expect(Self.bits(product(level.kernels)) == Self.bits(product(Self.portable)), "seed 31, width \(width), \(tokens) tokens")
            }
        }
    }

    /// What four sums leave of a row in binary16 is added in binary64, one element after the other.
    @Test(arguments: InferenceKernelTests.Level.all)
    func theRestOfAHalfRowIsAddedInBinary64(_ level: InferenceKernelTests.Level) {
        var generator = SeededGenerator(seed: 34)
        for width in [20, 31, 36, 52, 95] {
            for _ in 0..<20 {
                let weights = Self.numbers(width, &generator).map(HalfPrecision.binary16)
                let inputs = Self.numbers(width, &generator).map { HalfPrecision.float(binary16: HalfPrecision.binary16($0)) }
                func product(_ columns: Int) -> Float {
                    var y: Float = 0
                    weights.withUnsafeBytes { weights in
                        inputs.withUnsafeBufferPointer { x in
                            let forms = cflow_inputs(
                                x: nil, follows_llama: true, halves: x.baseAddress, bfloats: nil, q: nil, scales: nil, sums: nil, rounded: nil,
                                rounded_scales: nil, rounded_sums: nil, stride: width, groups: 1, rows: nil)
                            withUnsafeMutablePointer(to: &y) { y in
                                var matrix = cflow_matrix(
                                    type: halfType, weights: weights.baseAddress!, row_bytes: 2 * width, columns: columns, inputs: forms,
                                    tokens: 1, y: y, y_stride: 1, y_rows: nil, adds: false)
                                level.kernels.multiply(&matrix, 0, 1)
                            }
                        }
                    }
                    return y
                }
                let whole = width / 32 * 32
                var expected = whole > 0 ? Double(product(whole)) : 0
                for index in whole..<width { expected += Double(HalfPrecision.float(binary16: weights[index]) * inputs[index]) }
                #expect(product(width).bitPattern == Float(expected).bitPattern, "seed 34, width \(width)")
            }
        }
    }

    /// 65,520 and more have no binary16 number but infinity.
    @Test(arguments: InferenceKernelTests.Level.all)
    func halvesOfLargeNumbersAreInfinite(_ level: InferenceKernelTests.Level) {
        let x: [Float] = [65504, 65519.996, 65520, -65520, 65536, 1e5, -131072, 3.4e38, -.infinity, 1]
        let expected: [Float] = [65504, 65504, .infinity, -.infinity, .infinity, .infinity, -.infinity, .infinity, -.infinity, 1]
        for count in 1...x.count {
            var halved = x
            level.kernels.llama_halve(&halved, count)
            #expect(halved == Array(expected[..<count] + x[count...]))
        }
    }

    @Test(arguments: others)
    func pointwiseOperationsAreTheSame(_ level: InferenceKernelTests.Level) {
        var generator = SeededGenerator(seed: 32)
        for count in [1, 7, 8, 64, 577] {
            let x = Self.numbers(count, &generator), gain = Self.numbers(count, &generator)
            func all(_ kernels: cflow_inference) -> [[UInt32]] {
                var norm = x, gate = x, halved = x
                kernels.llama_norm(x, gain, 1e-5, count, &norm)
                kernels.llama_swiglu(x.map { $0 * 40 }, gain, 1, count, &gate)
                kernels.llama_halve(&halved, count)
                var turned = [norm, norm]
                for halves in [false, true] {
                    turned[halves ? 1 : 0] = x + gain
                    kernels.llama_rotate(&turned[halves ? 1 : 0], count, halves, gain, x)
                }
                return [norm, gate, halved, turned[0], turned[1]].map(Self.bits)
            }
            #expect(all(level.kernels) == all(Self.portable), "seed 32, \(count) elements")
        }
    }

    @Test(arguments: others)
    func attentionIsTheSame(_ level: InferenceKernelTests.Level) {
        var generator = SeededGenerator(seed: 33)
        for length in [4, 8, 20, 64, 80, 128] {
            for reach in [1, 2, 9, 40, 64, 131] {
                for tokens in 1...4 {
                    let shape = AttentionShape(length: length, reach: reach, tokens: tokens)
                    var queries = Self.numbers(tokens * shape.stride, &generator)
                    Self.portable.llama_halve(&queries, queries.count)
                    let caches = (0..<2).map { _ in
                        shape.laidOut(Self.numbers(shape.all * shape.storedHeads * length, &generator)).map(HalfPrecision.binary16)
                            .withUnsafeBytes { Array($0) }
                    }
                    func attended(_ kernels: cflow_inference) -> [Float] {
                        shape.attended(
                            queries, halfType, keys: caches[0], values: caches[1], scale: 0.125, several: tokens > 1 || reach == 9,
                            kernels.llama_attend)
                    }
                    let expected = attended(Self.portable)
                    let done = (0..<tokens).flatMap { token in
                        expected[(token * shape.stride + shape.done.lowerBound * length)...].prefix(shape.done.count * length)
                    }
                    #expect(
                        Self.bits(attended(level.kernels)) == Self.bits(expected), "seed 33, length \(length), reach \(reach), \(tokens) tokens")
                    #expect(done.allSatisfy { $0.isFinite })
                }
            }
        }
    }
}

private let halfType = Int32(GGUFTensorType.f16.rawValue)
