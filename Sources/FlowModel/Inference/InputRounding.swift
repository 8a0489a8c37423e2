internal import FlowGGUF

/// The inputs of products with quantised weights, rounded as llama.cpp defines these products: 8 bits for each element.
///
/// For public models (the `llama` architecture), so that they say the same text as in llama.cpp. The chain's models are
/// computed with inputs as they are.
enum InputRounding {
    /// Elements of a block that share a scale.
    static let blockLength = 32

    /// Where element `index` of a block stands in the rounded form: the first and second of each four lie in front of the third and fourth.
    ///
    /// Products of the halves with 16-bit instructions then add each four on one lane, as llama.cpp's 8-bit instructions do.
    static func place(_ index: Int) -> Int { index / 4 * 2 + index % 2 + (index & 2) * 8 }

    /// Rounds `count` blocks for types in blocks of 32: ggml's Q8_0 and Q8_1.
    ///
    /// - Parameters:
    ///   - whole: a whole number from −127 to 127 for each element, at its ``place(_:)`` in its block.
    ///   - scales: for each block what these numbers are multiplied by, a binary16 number.
    ///   - sums: for each block what stands for the sum of its elements next to weights with a minimum (Q4_1, Q5_1): it
    ///     is itself rounded to binary16, before the scale is.
    static func roundBlocks(
        _ x: UnsafePointer<Float>, _ count: Int, into whole: UnsafeMutablePointer<Int16>, scales: UnsafeMutablePointer<Float>,
        sums: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: count * blockLength, by: blockLength) {
            var largest: Float = 0
            // Stays zero unless an element is infinite or undefined.
            var trouble: Float = 0
            for index in start..<(start + blockLength) {
                largest = max(largest, abs(x[index]))
                trouble += x[index] - x[index]
            }
            let scale = largest / 127 + trouble
            let inverse = largest == 0 ? 0 : 127 / largest
            scales[start / blockLength] = HalfPrecision.float(binary16: HalfPrecision.binary16(scale))
            var sum: Float = 0
            for index in 0..<blockLength {
                // Ties go to the even number, as the processor rounds.
                let nearest = (x[start + index] * inverse).rounded(.toNearestOrEven)
                // With undefined numbers and infinities the scale is undefined, whatever stands here.
                let value = abs(nearest) <= 127 ? nearest : 0
                sum += value
                whole[start + place(index)] = Int16(value)
            }
            sums[start / blockLength] = HalfPrecision.float(binary16: HalfPrecision.binary16(scale * sum))
        }
    }
    /// Rounds `count` groups of 256 for the K types: ggml's Q8_K, whose scales are binary32 and negative where the largest element is positive.
    ///
    /// - Parameters:
    ///   - whole: a whole number from −127 to 127 for each element.
    ///   - scales: for each group what these numbers are multiplied by.
    ///   - sums: for each 32 elements scale times the sum of their numbers.
    static func roundGroups(
        _ x: UnsafePointer<Float>, _ count: Int, into whole: UnsafeMutablePointer<Int16>, scales: UnsafeMutablePointer<Float>,
        sums: UnsafeMutablePointer<Float>
    ) {
        let length = InferenceKernels.groupLength
        for group in 0..<count {
            let x = x + group * length
            var largest: Float = 0
            var trouble: Float = 0
            for index in 0..<length {
                if abs(x[index]) > abs(largest) { largest = x[index] }
                trouble += x[index] - x[index]
            }
            let inverse = largest == 0 ? 0 : -127 / largest
            let scale = (largest == 0 ? 0 : 1 / inverse) + trouble
            scales[group] = scale
            for block in 0..<(length / blockLength) {
                var sum: Float = 0
                for index in (block * blockLength)..<((block + 1) * blockLength) {
                    let nearest = (x[index] * inverse).rounded(.toNearestOrEven)
                    let value = abs(nearest) <= 127 ? nearest : 0
                    sum += value
                    whole[group * length + index] = Int16(value)
                }
                sums[group * (length / blockLength) + block] = scale * sum
            }
        }
    }
}
