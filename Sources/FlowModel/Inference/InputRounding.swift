internal import FlowGGUF
internal import FlowTensor

/// The inputs of products with quantised weights, rounded as llama.cpp defines these products: 8 bits for each element
/// and a binary16 scale for each 32.
///
/// For public models (the `llama` architecture), so that they say the same text as in llama.cpp. The chain's models are
/// computed with inputs as they are.
final class InputRounding {
    /// Elements that share a scale.
    static let blockLength = 32

    private let values = FloatBuffer()
    private let sums = FloatBuffer()

    /// Whether llama.cpp rounds the inputs of products with this type to blocks of 32.
    static func applies(to type: GGUFTensorType) -> Bool {
        switch type {
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: true
        default: false
        }
    }

    /// Rounds `count` elements, a multiple of 32.
    ///
    /// - Parameters:
    ///   - y: the rounded elements, scale times a whole number from −127 to 127.
    ///   - sums: for each block what stands for the sum of its elements next to weights with a minimum (Q4_1, Q5_1): it
    ///     is itself rounded to binary16, before the scale is.
    static func round(
        _ x: UnsafePointer<Float>, _ count: Int, into y: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: count, by: blockLength) {
            var largest: Float = 0
            for index in start..<(start + blockLength) { largest = max(largest, abs(x[index])) }
            let scale = largest / 127
            let inverse = largest == 0 ? 0 : 127 / largest
            let stored = HalfPrecision.float(binary16: HalfPrecision.binary16(scale))
            var sum: Float = 0
            for index in start..<(start + blockLength) {
                // Ties go to the even number, as the processor rounds.
                let whole = (x[index] * inverse).rounded(.toNearestOrEven)
                sum += whole
                y[index] = whole * stored
            }
            sums[start / blockLength] = HalfPrecision.float(binary16: HalfPrecision.binary16(scale * sum))
        }
    }

    /// The same jobs, those with quantised weights with rounded inputs.
    func rounded(_ jobs: [MatrixJob]) -> [MatrixJob] {
        // Several jobs may read the same input; each is rounded once.
        var places: [UnsafePointer<Float>: Int] = [:]
        var length = 0
        for job in jobs where Self.applies(to: job.weights.type) && places[job.input] == nil {
            places[job.input] = length
            length += job.tokens * job.weights.columns
        }
        guard length > 0 else { return jobs }
        let target = values.reserve(length)
        let targetSums = sums.reserve(length / Self.blockLength)
        var done: Set<UnsafePointer<Float>> = []
        return jobs.map { job in
            guard Self.applies(to: job.weights.type), let place = places[job.input] else { return job }
            let columns = job.weights.columns
            if done.insert(job.input).inserted {
                for token in 0..<job.tokens {
                    let row = place + token * columns
                    Self.round(
                        job.input + token * job.inputStride, columns, into: target + row,
                        sums: targetSums + row / Self.blockLength)
                }
            }
            var job = job
            job.input = UnsafePointer(target + place)
            job.inputStride = columns
            job.sums = UnsafePointer(targetSums + place / Self.blockLength)
            return job
        }
    }
}

extension InferenceKernels {
    /// Σ (d·q_i + m)·x_i over a row of Q4_1 blocks, with the sums of x that ``InputRounding`` gives.
    static func dotQ4_1(
        _ row: UnsafeRawPointer, _ x: UnsafePointer<Float>, sums: UnsafePointer<Float>, _ count: Int
    ) -> Float {
        let input = UnsafeRawPointer(x)
        var lanes = SIMD16<Float>(repeating: 0)
        var minimums: Float = 0
        for block in 0..<(count / 32) {
            let bytes = row + 20 * block
            let scale = HalfPrecision.float(binary16: UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self)))
            let minimum = HalfPrecision.float(
                binary16: UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            let pairs = bytes.loadUnaligned(fromByteOffset: 4, as: SIMD16<UInt8>.self)
            let low = SIMD16<Float>(pairs & 15)
            let high = SIMD16<Float>(pairs &>> 4)
            let part = low * input.loadUnaligned(fromByteOffset: 128 * block, as: SIMD16<Float>.self)
                + high * input.loadUnaligned(fromByteOffset: 128 * block + 64, as: SIMD16<Float>.self)
            lanes += scale * part
            minimums += minimum * sums[block]
        }
        return lanes.sum() + minimums
    }
}
