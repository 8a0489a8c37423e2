internal import CFlowKernels

/// Exact integer products by the project's own kernels, in C, chosen for the processor at run time.
///
/// Operands are packed into panels on the way, so strides and gathered rows cost nothing extra; rounding and scaling happen in registers.
public struct SIMDBackend: MatrixBackend {
    public let name: String
    private let level: Int32
    private let scratch = ScratchPool<UInt8>()

    /// The best instruction set of this processor.
    public init() {
        level = InstructionSet.best.rawValue
        name = InstructionSet.best.description
    }

    /// Kernels for a certain instruction set.
    /// - Throws: `BackendFault.unavailable` where the processor or the system lacks it.
    public init(_ set: InstructionSet) throws(BackendFault) {
        guard set.isAvailable else {
            throw .unavailable(
                backend: set.description,
                reason: "this processor or system cannot run it; \(InstructionSet.best) is the best that it can")
        }
        level = set.rawValue
        name = set.description
    }

    /// The AVX-512 VNNI kernel with its one instruction written out in plain C, for tests on processors that lack it.
    package init(writtenOut: Void) {
        level = Int32(CFLOW_VNNI_WRITTEN_OUT)
        name = "avx512vnni-written-out"
    }

    public func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        IntegerProduct.runParts(of: products, on: pool) { compute($0) }
    }

    public func compute(_ product: IntegerProduct) {
        let a, b: UnsafeRawPointer
        let wide: Int32
        switch (product.a.values, product.b.values) {
        case (.int8(let left), .int8(let right)): (a, b, wide) = (UnsafeRawPointer(left), UnsafeRawPointer(right), 0)
        case (.int16(let left), .int16(let right)): (a, b, wide) = (UnsafeRawPointer(left), UnsafeRawPointer(right), 1)
        default:
            // Operands of different widths: rare, and the reference is exact for them too.
            ReferenceBackend().execute([product], pool: .single)
            return
        }
        let layout =
            switch product.layout {
            case .nt: CFLOW_NT
            case .nn: CFLOW_NN
            case .tn: CFLOW_TN
            }
        var values = cflow_product(
            layout: Int32(layout), wide: wide, a_bits: Int32(truncatingIfNeeded: product.a.bits),
            b_bits: Int32(truncatingIfNeeded: product.b.bits), m: product.m, n: product.n, k: product.k, a: a,
            a_stride: product.a.stride, a_rows: product.a.rowIndices, a_scales: product.a.scales,
            a_scale_stride: product.a.scaleStride, b: b, b_stride: product.b.stride, b_rows: product.b.rowIndices,
            b_scales: product.b.scales, b_scale_stride: product.b.scaleStride, c: product.output, c_stride: product.outputStride)
        scratch.withScratch(cflow_product_scratch()) { cflow_multiply(level, &values, UnsafeMutableRawPointer($0)) }
    }
}
