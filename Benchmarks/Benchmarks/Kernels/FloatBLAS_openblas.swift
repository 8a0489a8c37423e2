import CBLAS
import FlowTensor

/// OpenBLAS's float32 product, on one thread: what exact products are compared with.
enum FloatBLAS {
    /// The kernel that OpenBLAS chose for this processor, such as `Haswell`.
    static let kernel: String = {
        openblas_set_num_threads(1)
        return openblas_get_corename().map { String(cString: $0) } ?? "unknown kernel"
    }()

    /// `C[m,n]` of the layout, all matrices dense.
    static func sgemm(
        _ layout: IntegerProduct.Layout, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>
    ) {
        cblas_sgemm(
            CblasRowMajor, layout == .tn ? CblasTrans : CblasNoTrans, layout == .nt ? CblasTrans : CblasNoTrans, Int32(m), Int32(n),
            Int32(k), 1, a, Int32(layout == .tn ? m : k), b, Int32(layout == .nt ? k : n), 0, c, Int32(n))
    }
}
