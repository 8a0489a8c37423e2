/// One exact product `C = A·B` of integers, scaled and rounded once to binary32.
///
/// `C[m,n] = float32(Σ_k …) · 2^(sA[m] + sB[n])`; the sum is the exact integer and 0 gives +0
/// (`Documentation/Protocol/Arithmetic.md`). Exact for k ≤ 131,072 at any width. Both operands have values of the same type.
public struct IntegerProduct: @unchecked Sendable, BitwiseCopyable {
    /// Which index of the operands is contracted.
    public enum Layout: Sendable, CaseIterable, BitwiseCopyable {
        /// `Σ_k A[m,k]·B[n,k]`: an activation times a weight matrix [out, in].
        case nt
        /// `Σ_k A[m,k]·B[k,n]`: an output gradient times a weight matrix.
        case nn
        /// `Σ_k A[k,m]·B[k,n]`: a weight gradient.
        case tn
    }

    public var layout: Layout
    public var m: Int
    public var n: Int
    public var k: Int
    public var a: IntegerOperand
    public var b: IntegerOperand
    /// m × n numbers, row-major; written, never read.
    public var output: UnsafeMutablePointer<Float>
    /// Elements from one row of the output to the next.
    public var outputStride: Int

    public init(
        _ layout: Layout, m: Int, n: Int, k: Int, a: IntegerOperand, b: IntegerOperand,
        output: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
        self.layout = layout
        self.m = m
        self.n = n
        self.k = k
        self.a = a
        self.b = b
        self.output = output
        self.outputStride = outputStride
    }

    /// The longest contraction that is exact at any width.
    static let longestContraction = 131_072

    /// Multiplications.
    public var work: Int { m * n * max(k, 1) }
}
