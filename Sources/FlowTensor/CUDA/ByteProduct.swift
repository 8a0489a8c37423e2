/// One product of packed signed bytes, C[m,n] = Σ_k A[m,k]·B[n,k] in 32-bit sums, contiguous rows.
///
/// The sides are multiples of ``grain`` and k is at most 131,072, so a sum of products of ±127 fits 32 bits. Offsets count bytes from the
/// start of the staged input and output.
struct ByteProduct: Sendable {
    /// Tensor cores take rows of 16 bytes.
    static let grain = 16

    var m: Int
    var n: Int
    var k: Int
    var a: Int
    var b: Int
    var c: Int

    static func padded(_ count: Int) -> Int { (count + grain - 1) / grain * grain }
}

/// What becomes of a product's sums on a device that has the kernels: one rounding, the scales, contiguous rows of binary32 numbers.
///
/// Offsets count bytes: those of scales from the start of the staged input, `sums` among the sums, `result` from the start of the staged output.
struct ByteRescale: Sendable {
    /// Sides of the result.
    var m: Int
    var n: Int
    /// The first plane of sums; from plane to plane, and from row to row, in elements.
    var sums: Int
    var plane: Int
    var sumsStride: Int
    var leftDigits: Int
    var rightDigits: Int
    /// m and n exponents.
    var rowScales: Int
    var columnScales: Int
    var result: Int
}

/// One call of a device: what it multiplies, and how much memory that takes.
struct ByteWork: Sendable {
    var products: [ByteProduct] = []
    /// Empty where the sums themselves are wanted.
    var rescales: [ByteRescale] = []
    var inputBytes = 0
    var sumBytes = 0
    /// Of the staged output: the results where there are rescales, the sums otherwise.
    var outputBytes = 0
}

/// Something that multiplies packed bytes: a GPU, or a processor in the tests of what stands around it.
protocol ByteProductDevice: AnyObject, Sendable {
    /// Whether it can round and scale, so that sums stay where they are.
    var rescales: Bool { get }

    /// The host's memory for input and output, at least as large as asked. Valid until the next call.
    func stage(inputBytes: Int, outputBytes: Int) throws(CUDAFault) -> (
        input: UnsafeMutableRawPointer, output: UnsafeMutableRawPointer
    )

    /// Multiplies what was staged; sums or results are in the staged output when it returns.
    func run(_ work: ByteWork) throws(CUDAFault)
}
