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

/// Something that multiplies packed bytes: a GPU, or a processor in the tests of what stands around it.
protocol ByteProductDevice: AnyObject, Sendable {
    /// The host's memory for operands and for sums, at least as large as asked. Valid until the next call.
    func stage(inputBytes: Int, outputBytes: Int) throws(CUDAFault) -> (
        input: UnsafeMutableRawPointer, output: UnsafeMutableRawPointer
    )

    /// Multiplies what was staged; the sums are in the staged output when it returns.
    func run(_ products: [ByteProduct], inputBytes: Int, outputBytes: Int) throws(CUDAFault)
}
