import CFlowKernels
import FlowGGUF
import TestSupport
import Testing

@testable import FlowModel

/// Every level's kernels against sums in binary64 over the decoded weights, within bounds that follow from the rounding of
/// the inputs to 16 bits and of sums to binary32.
struct InferenceKernelTests {
    struct Level: CustomTestStringConvertible, Sendable {
        let number: Int32
        /// Whether the kernels are those that follow llama.cpp.
        var llama = false
        var testDescription: String { ["portable", "AVX2", "AVX-512", "NEON"][Int(number)] + (llama ? ", llama" : "") }
        var kernels: cflow_inference {
            let kernels = cflow_inference_at(number)!.pointee
            return llama ? InferenceKernels.followingLlama(kernels) : kernels
        }
        /// Those that this processor runs.
        static let all = (0..<Int32(CFLOW_INFERENCE_LEVELS)).filter { cflow_inference_at($0) != nil }.map { Level(number: $0) }
        static let both = all + all.map { Level(number: $0.number, llama: true) }
    }

    static let types: [GGUFTensorType] = [.f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q6_K]

    /// Bytes of a block that hold scales, not elements.
    private static func scaleBytes(_ type: GGUFTensorType) -> Range<Int> {
        switch type {
        case .q4_0, .q5_0, .q8_0: 0..<2
        case .q4_1, .q5_1: 0..<4
        case .q4_K: 0..<16
        case .q6_K: 192..<210
        default: 0..<0
        }
    }

    /// Where in a block binary16 scales stand.
    private static func halves(_ type: GGUFTensorType) -> [Int] {
        switch type {
        case .q4_0, .q5_0, .q8_0: [0]
        case .q4_1, .q5_1, .q4_K: [0, 2]
        case .q6_K: [208]
        default: []
        }
    }

    enum Material: CaseIterable {
        case random, largest, smallest, zeroScales, subnormalScales, hugeScales
    }

    private static func weights(
        _ type: GGUFTensorType, _ count: Int, _ material: Material, _ generator: inout SeededGenerator
    ) -> [UInt8] {
        let size = type.blockByteCount
        var bytes = (0..<(count / type.blockLength * size)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        if type.blockLength == 1 {
            // Numbers near one, of both signs.
            for index in stride(from: 0, to: bytes.count, by: size) {
                let value = Float(Int64(bitPattern: generator.next()) >> 40) * 0x1p-23
                switch type {
                case .f32: for k in 0..<4 { bytes[index + k] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32(k))) }
                case .bf16: for k in 0..<2 { bytes[index + k] = UInt8(truncatingIfNeeded: value.bitPattern >> (16 + 8 * UInt32(k))) }
                default: bytes[index + 1] = bytes[index + 1] & 0xBF
                }
            }
            return bytes
        }
        for start in stride(from: 0, to: bytes.count, by: size) {
            let scales = scaleBytes(type)
            for index in 0..<size where !scales.contains(index) {
                switch material {
                case .largest: bytes[start + index] = type == .q8_0 ? 0x7F : 0xFF
                case .smallest: bytes[start + index] = type == .q8_0 ? 0x80 : 0x00
                default: break
                }
            }
            for place in halves(type) {
                let half: UInt16 =
                    switch material {
                    case .zeroScales: 0
                    case .subnormalScales: UInt16(truncatingIfNeeded: generator.next()) & 0x83FF
                    case .hugeScales: 0x7BFF
                    default: 0x2000 | UInt16(truncatingIfNeeded: generator.next()) & 0x97FF
                    }
                bytes[start + place] = UInt8(truncatingIfNeeded: half)
                bytes[start + place + 1] = UInt8(truncatingIfNeeded: half >> 8)
            }
            if type == .q6_K, material == .smallest {
                for index in 192..<208 { bytes[start + index] = 0x80 }
            }
        }
        return bytes
    }

    /// For each element a bound of what is added up for it: a minimum and a level times a scale may nearly cancel.
    private static func magnitudes(_ type: GGUFTensorType, _ bytes: [UInt8]) throws -> [Float] {
        var result = try decode(type, bytes).map(\.magnitude)
        guard type.blockLength > 1, type != .q8_0 else { return result }
        for filling: UInt8 in [0x00, 0xFF] {
            var other = bytes
            for index in other.indices where !scaleBytes(type).contains(index % type.blockByteCount) { other[index] = filling }
            for (index, value) in try decode(type, other).enumerated() { result[index] = max(result[index], value.magnitude) }
        }
        return result.map { 2 * $0 }
    }

    private static func decode(_ type: GGUFTensorType, _ bytes: [UInt8]) throws -> [Float] {
        var result: Result<[Float], GGUFError> = .success([])
        bytes.withUnsafeBytes { source in
            do throws(GGUFError) { result = .success(try GGUFCodec.decode(source, type: type)) } catch { result = .failure(error) }
        }
        return try result.get()
    }

    private enum Inputs: CaseIterable { case random, ones, spike, tiny, zeros, alternating }

    private static func inputs(_ kind: Inputs, _ count: Int, _ generator: inout SeededGenerator) -> [Float] {
        (0..<count).map { index in
            let value = Float(Int64(bitPattern: generator.next()) >> 40) * 0x1p-22
            return switch kind {
            case .random: value
            case .ones: 1
            case .spike: index == count / 2 ? 1e4 : value
            case .tiny: value * 1e-36
            case .zeros: 0
            case .alternating: index % 2 == 0 ? 127 : -127
            }
        }
    }

    /// Rows of inputs with their quantised form.
    final class Rows {
        var x: [Float]
        var q: [Int16]
        var scales: [Float]
        var sums: [Float]
        let width: Int
        let groups: Int

        init(_ rows: [[Float]], _ kernels: cflow_inference) {
            width = rows[0].count
            groups = (width + 255) / 256
            x = rows.flatMap { $0 }
            q = [Int16](repeating: 0, count: x.count)
            scales = [Float](repeating: 0, count: rows.count * groups)
            sums = [Float](repeating: 0, count: rows.count * groups * 8)
            for index in rows.indices {
                x.withUnsafeBufferPointer { x in
                    q.withUnsafeMutableBufferPointer { q in
                        scales.withUnsafeMutableBufferPointer { scales in
                            sums.withUnsafeMutableBufferPointer { sums in
                                kernels.quantise(
                                    x.baseAddress! + index * width, width, q.baseAddress! + index * width,
                                    scales.baseAddress! + index * groups, sums.baseAddress! + index * groups * 8)
                            }
                        }
                    }
                }
            }
        }

        func multiply(
            _ type: GGUFTensorType, _ weights: [UInt8], rows: Int, _ kernels: cflow_inference, order: [Int32],
            into y: inout [Float], adds: Bool
        ) {
            weights.withUnsafeBytes { weights in
                x.withUnsafeBufferPointer { x in
                    q.withUnsafeBufferPointer { q in
                        scales.withUnsafeBufferPointer { scales in
                            sums.withUnsafeBufferPointer { sums in
                                order.withUnsafeBufferPointer { order in
                                    y.withUnsafeMutableBufferPointer { y in
                                        var matrix = cflow_matrix(
                                            type: Int32(type.rawValue), weights: weights.baseAddress!,
                                            row_bytes: weights.count / rows, columns: width,
                                            inputs: cflow_inputs(
                                                x: x.baseAddress, follows_llama: false, halves: nil, bfloats: nil, q: q.baseAddress, scales: scales.baseAddress,
                                                sums: sums.baseAddress, rounded: nil, rounded_scales: nil, rounded_sums: nil, stride: width, groups: groups,
                                                rows: order.baseAddress),
                                            tokens: order.count, y: y.baseAddress!, y_stride: rows,
                                            y_rows: order.baseAddress, adds: adds)
                                        // In two pieces, as threads do.
                                        kernels.multiply(&matrix, 0, rows / 2)
                                        kernels.multiply(&matrix, rows / 2, rows)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: Level.all, types)
    func productsStayWithinTheirBounds(_ level: Level, _ type: GGUFTensorType) throws {
        var generator = SeededGenerator(seed: 77)
        let widths = type.blockLength == 256 ? [256, 1280] : type.blockLength == 32 ? [32, 224, 256, 544, 1056] : [1, 7, 8, 31, 77, 512]
        let kernels = level.kernels
        let rows = 5
        for width in widths {
            for material in type.blockLength == 1 ? [.random] : Material.allCases {
                let bytes = Self.weights(type, rows * width, material, &generator)
                let w = try Self.decode(type, bytes)
                let magnitude = try Self.magnitudes(type, bytes)
                for count in [1, 2, 3, 7, 13] {
                    let lists = (0..<count).map { index in
                        Self.inputs(Inputs.allCases[index % Inputs.allCases.count], width, &generator)
                    }
                    let inputs = Rows(lists, kernels)
                    let order = (0..<count).map { Int32(count - 1 - $0) }
                    var y = [Float](repeating: 0.5, count: count * rows + 8)
                    inputs.multiply(type, bytes, rows: rows, kernels, order: order, into: &y, adds: material == .random)
                    for token in 0..<count {
                        for row in 0..<rows {
                            var exact = material == .random ? 0.5 : 0.0
                            var bound = 1e-30
                            for c in 0..<width {
                                let m = Double(magnitude[row * width + c])
                                let x = Double(lists[token][c])
                                exact += x * Double(w[row * width + c])
                                // Sums of binary32: one rounding for each of at most 40 additions on a lane, scales and conversion.
                                bound += Double(width / 8 + 40) * 0x1p-24 * m * (abs(x) + 0.001 * Double(inputs.scales[token * inputs.groups + c / 256]))
                                if type.blockLength > 1 {
                                    bound += 0.505 * m * Double(inputs.scales[token * inputs.groups + c / 256])
                                }
                            }
                            bound += 0.5 * 0x1p-23 + abs(exact) * 0x1p-23
                            let value = Double(y[token * rows + row])
                            guard abs(exact) < 1e38 else { continue }
                            #expect(
                                abs(value - exact) <= bound,
                                "seed 77, \(material), width \(width), token \(token) of \(count), row \(row): \(value) for \(exact)")
                        }
                    }
                    #expect(y.suffix(8).allSatisfy { $0 == 0.5 })
                }
            }
        }
    }

    @Test(arguments: Level.all, types.filter { $0.blockLength > 1 })
    func undefinedScalesGiveUndefinedResults(_ level: Level, _ type: GGUFTensorType) throws {
        var generator = SeededGenerator(seed: 3)
        for half: UInt16 in [0x7C00, 0x7E00, 0xFE01] {
            var bytes = Self.weights(type, 512, .largest, &generator)
            bytes[Self.halves(type)[0]] = UInt8(truncatingIfNeeded: half)
            bytes[Self.halves(type)[0] + 1] = UInt8(half >> 8)
            if type == .q4_K { bytes[4] = 1 }
            var y: [Float] = [0]
            Rows([[Float](repeating: 1, count: 512)], level.kernels)
                .multiply(type, bytes, rows: 1, level.kernels, order: [0], into: &y, adds: false)
            #expect(!y[0].isFinite)
        }
    }

    @Test(arguments: Level.all)
    func inputsThatAreNoNumbersGiveUndefinedScales(_ level: Level) {
        for bad: Float in [.nan, .infinity, -.infinity] {
            for place in [0, 255, 256, 299] {
                var x = [Float](repeating: 1, count: 300)
                x[place] = bad
                let rows = Rows([x], level.kernels)
                #expect(rows.scales[place / 256].isNaN)
                #expect(rows.scales[1 - place / 256] == Float(1) / Float(32767))
                #expect(rows.sums[8 * (place / 256)].isNaN)
            }
        }
        let zeros = Rows([[Float](repeating: 0, count: 256)], level.kernels)
        #expect(zeros.scales == [0])
        #expect(zeros.q.allSatisfy { $0 == 0 })
    }

    @Test(arguments: Level.both)
    func normsGatesAndRotationsEqualTheirFormulas(_ level: Level) {
        var generator = SeededGenerator(seed: 12)
        for count in [1, 5, 8, 16, 37, 64, 512] {
            let x = Self.inputs(.random, count, &generator)
            let gain = Self.inputs(.random, count, &generator)
            var y = [Float](repeating: 0, count: count)
            level.kernels.norm(x, gain, 1e-6, count, &y)
            let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
            let factor = 1 / (mean + 1e-6).squareRoot()
            for index in 0..<count {
                let exact = Double(x[index]) * factor * Double(gain[index])
                #expect(abs(Double(y[index]) - exact) <= abs(exact) * 1e-5 + 1e-30)
            }
            level.kernels.swiglu(x.map { $0 * 30 }, gain, 0.25, count, &y)
            for index in 0..<count {
                let g = Double(x[index] * 30)
                let exact = 0.25 * Double(gain[index]) * g / (1 + exponential(-g))
                #expect(abs(Double(y[index]) - exact) <= abs(exact) * 2e-6 + 1e-30, "gate \(g)")
            }
            for halves in [true, false] {
                let angles = Self.inputs(.random, count, &generator)
                let other = Self.inputs(.random, count, &generator)
                let head = Self.inputs(.random, 2 * count, &generator)
                var turned = head
                level.kernels.rotate(&turned, count, halves, angles, other)
                for pair in 0..<count {
                    let first = halves ? pair : 2 * pair
                    let second = halves ? pair + count : 2 * pair + 1
                    let (a, b) = (head[first], head[second])
                    #expect(abs(turned[first] - (a * angles[pair] - b * other[pair])) <= 1e-6)
                    #expect(abs(turned[second] - (a * other[pair] + b * angles[pair])) <= 1e-6)
                }
            }
        }
        var y: [Float] = [0, 0, 0, 0]
        level.kernels.swiglu([.nan, 1000, -1000, .infinity], [1, 1, 1, 1], 1, 4, &y)
        #expect(y[0].isNaN && y[1] == 1000 && abs(y[2]) < 1e-30 && y[3] == .infinity)
    }

    @Test(arguments: Level.both, [GGUFTensorType.f32, .f16])
    func attentionEqualsItsFormula(_ level: Level, _ type: GGUFTensorType) throws {
        guard !level.llama || type == .f16 else { return }
        // llama.cpp rounds the weights of the values to binary16.
        let bound = level.llama ? 1e-3 : 2e-5
        var generator = SeededGenerator(seed: 5)
        for length in [4, 8, 20, 64, 128] {
            for reach in [1, 2, 9, 40, 64, 131] {
                for tokens in 1...4 {
                    let shape = AttentionShape(length: length, reach: reach, tokens: tokens)
                    let queries = Self.inputs(.random, tokens * shape.stride, &generator).map { $0 * 4 }
                    let stored = (0..<2).map { _ in Self.inputs(.random, shape.all * shape.storedHeads * length, &generator) }
                    let bytes = stored.map { Self.bytes(shape.laidOut($0), type, level.kernels) }
                    let (keys, values) = try (
                        Self.decode(type, Self.bytes(stored[0], type, level.kernels)), Self.decode(type, Self.bytes(stored[1], type, level.kernels)))
                    let out = shape.attended(
                        queries, Int32(type.rawValue), keys: bytes[0], values: bytes[1], scale: 0.3, several: tokens > 1, level.kernels.attend)
                    for token in 0..<tokens {
                        let seen = 0..<(reach + token)
                        for head in shape.done {
                            let query = token * shape.stride + head * length
                            func row(_ position: Int) -> Int { (position * shape.storedHeads + head / shape.shared) * length }
                            let logits = seen.map { key in
                                (0..<length).reduce(0.0) { $0 + 0.3 * Double(queries[query + $1]) * Double(keys[row(key) + $1]) }
                            }
                            let most = logits.max() ?? 0
                            let weights = logits.map { exponential($0 - most) }
                            let total = weights.reduce(0, +)
                            for c in 0..<length {
                                let exact = seen.reduce(0.0) { $0 + weights[$1] / total * Double(values[row($1) + c]) }
                                #expect(
                                    abs(Double(out[query + c]) - exact) <= bound,
                                    "length \(length), reach \(reach), token \(token) of \(tokens), head \(head)")
                            }
                        }
                        for other in (0..<shape.heads) where !shape.done.contains(other) {
                            let row = out[(token * shape.stride + other * length)...].prefix(length)
                            #expect(row.allSatisfy { $0.isNaN }, "head \(other) was not asked for")
                        }
                    }
                }
            }
        }
    }

    private static func bytes(_ x: [Float], _ type: GGUFTensorType, _ kernels: cflow_inference) -> [UInt8] {
        if type == .f32 { return x.withUnsafeBytes { Array($0) } }
        var halves = [UInt16](repeating: 0, count: x.count)
        kernels.to_halves(x, x.count, &halves)
        return halves.withUnsafeBytes { Array($0) }
    }

    @Test(arguments: Level.all)
    func halvesAreTheNearest(_ level: Level) {
        let numbers: [Float] = [
            0, -0.0, 1, -1, 65504, 65520, 1e9, -1e9, .infinity, -.infinity, 6e-8, 3e-8, 2.9e-8, 6.1e-5, 1.0009765625,
            1.00048828125, 1.0014648, 0.1,
        ]
        let expected: [UInt16] = [
            0x0000, 0x8000, 0x3C00, 0xBC00, 0x7BFF, 0x7BFF, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x0001, 0x0001, 0x0000,
            0x03FF, 0x3C01, 0x3C00, 0x3C02, 0x2E66,
        ]
        for count in 1...numbers.count {
            var halves = [UInt16](repeating: 7, count: numbers.count + 1)
            level.kernels.to_halves(numbers, count, &halves)
            #expect(Array(halves[..<count]) == Array(expected[..<count]))
            #expect(halves[count...].allSatisfy { $0 == 7 })
        }
        // All of the range below the normal numbers, and what lies between: rounded once.
        for exponent in -26 ... -13 {
            for step in 0..<64 {
                let x = (0..<8).map { Float(sign: .plus, exponent: exponent, significand: 1 + Float(step * 8 + $0) * 0x1p-9 + Float($0 % 3 - 1) * 0x1p-23) }
                var halves = [UInt16](repeating: 7, count: 8)
                level.kernels.to_halves(x, 8, &halves)
                #expect(halves == x.map(HalfPrecision.binary16))
            }
        }
        var half: UInt16 = 0
        level.kernels.to_halves([.nan], 1, &half)
        #expect(half & 0x7FFF > 0x7C00)
    }
}

/// e^x in binary64, without Foundation: halved until the series is short, then squared.
private func exponential(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    let small = x / 1024
    for k in 1...12 {
        term *= small / Double(k)
        sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
}
