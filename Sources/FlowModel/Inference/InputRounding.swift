internal import FlowGGUF

/// The inputs of products with quantised weights, rounded as llama.cpp defines these products: 8 bits for each element
/// and a binary16 scale for each 32.
///
/// For public models (the `llama` architecture), so that they say the same text as in llama.cpp. The chain's models are
/// computed with inputs as they are.
enum InputRounding {
    /// Elements that share a scale.
    static let blockLength = 32

    /// Where element `index` of a block stands in the rounded form: the first and second of each four lie in front of the third and fourth.
    ///
    /// Products of the halves with 16-bit instructions then add each four on one lane, as llama.cpp's 8-bit instructions do.
    static func place(_ index: Int) -> Int { index / 4 * 2 + index % 2 + (index & 2) * 8 }

    /// Rounds `count` elements, a multiple of 32.
    ///
    /// - Parameters:
    ///   - whole: a whole number from −127 to 127 for each element, at its ``place(_:)`` in its block.
    ///   - scales: for each block what these numbers are multiplied by, a binary16 number.
    ///   - sums: for each block what stands for the sum of its elements next to weights with a minimum (Q4_1, Q5_1): it
    ///     is itself rounded to binary16, before the scale is.
    static func round(
        _ x: UnsafePointer<Float>, _ count: Int, into whole: UnsafeMutablePointer<Int16>, scales: UnsafeMutablePointer<Float>,
        sums: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: count, by: blockLength) {
            var largest: Float = 0
            for index in start..<(start + blockLength) { largest = max(largest, abs(x[index])) }
            let scale = largest / 127
            let inverse = largest == 0 ? 0 : 127 / largest
            scales[start / blockLength] = HalfPrecision.float(binary16: HalfPrecision.binary16(scale))
            var sum: Float = 0
            for index in 0..<blockLength {
                // Ties go to the even number, as the processor rounds.
                let nearest = (x[start + index] * inverse).rounded(.toNearestOrEven)
                // Undefined numbers and infinities make the scale undefined, whatever stands here.
                let value = abs(nearest) <= 127 ? nearest : 0
                sum += value
                whole[start + place(index)] = Int16(value)
            }
            sums[start / blockLength] = HalfPrecision.float(binary16: HalfPrecision.binary16(scale * sum))
        }
    }
}
