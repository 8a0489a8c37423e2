internal import COpenBLAS
public import FlowTensor

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Exact integer products with OpenBLAS as the carrier: integers as floats that never leave the range in which float sums are exact.
///
/// Up to 8 bits `sgemm` runs over contractions of at most 1,024 (1,024 · 127² < 2^24), whose integer sums are added in binary64; wider numbers use
/// `dgemm`, exact to 2^53. OpenBLAS's kernel and its own threads can therefore not show in the bits. `alpha` is 1 and `beta` is 0 throughout, and
/// a zero of either sign becomes +0.
///
/// The thread pool splits the work, so OpenBLAS is told to use one thread, unless `OPENBLAS_NUM_THREADS` is set in the environment.
public struct OpenBLASBackend: MatrixBackend {
    public let name = "openblas"

    private let floats = ScratchPool<Float>()
    private let doubles = ScratchPool<Double>()

    /// The longest contraction of one sgemm call.
    static let chunk = 1_024

    public init() {
        if getenv("OPENBLAS_NUM_THREADS") == nil { openblas_set_num_threads(1) }
    }

    /// `OPENBLAS_CORETYPE` can force kernels that the processor cannot run; OpenBLAS would end the process at its first product.
    public var obstacle: String? {
        guard let name = openblas_get_corename() else { return nil }
        let core = String(cString: name)
        guard let feature = Self.needs(core), !feature.isAvailable else { return nil }
        return "OpenBLAS uses its \(core) kernels, which need \(feature.rawValue), and this processor lacks it; unset OPENBLAS_CORETYPE"
    }

    private static func needs(_ core: String) -> ProcessorFeature? {
        switch core.lowercased() {
        case "skylakex", "cooperlake", "sapphirerapids": .avx512
        case "haswell", "zen": .avx2
        case "bulldozer", "piledriver", "steamroller", "excavator": .fma4
        case "sandybridge": .avx
        case "opteron", "opteron_sse3": .threeDNow
        default: nil
        }
    }

    public func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        IntegerProduct.runParts(of: products, on: pool) { compute($0) }
    }

    /// Sums are exact in any floating-point state, of OpenBLAS's own threads too; what is rounded and added here is not.
    public func compute(_ product: IntegerProduct) { withCanonicalFloatingPoint { multiply(product) } }

    private func multiply(_ product: IntegerProduct) {
        guard product.m > 0, product.n > 0 else { return }
        if product.k <= 0 {
            for row in 0..<product.m {
                for column in 0..<product.n { product.output[row * product.outputStride + column] = 0 }
            }
        } else if case (.int8, .int8) = (product.a.values, product.b.values) {
            narrow(product)
        } else {
            wide(product)
        }
    }

    // MARK: Up to 8 bits

    private func narrow(_ product: IntegerProduct) {
        let (m, n, k) = (product.m, product.n, product.k)
        let length = min(k, Self.chunk)
        floats.withScratch((m + n) * length + (k > Self.chunk ? m * n : 0)) { scratch in
            let a = scratch
            let b = a + m * length
            if k <= Self.chunk {
                multiply(product, from: 0, length: k, a: a, b: b, into: product.output, outputStride: product.outputStride)
                Rescale.rows(product, sums: UnsafePointer(product.output), stride: product.outputStride)
                return
            }
            let part = b + n * length
            doubles.withScratch(m * n) { sums in
                var first = 0
                while first < k {
                    multiply(product, from: first, length: min(length, k - first), a: a, b: b, into: part, outputStride: n)
                    if first == 0 {
                        for i in 0..<(m * n) { sums[i] = Double(part[i]) }
                    } else {
                        for i in 0..<(m * n) { sums[i] = sums[i] + Double(part[i]) }
                    }
                    first += length
                }
                Rescale.rows(product, sums: UnsafePointer(sums), stride: n)
            }
        }
    }

    private func multiply(
        _ product: IntegerProduct, from first: Int, length: Int, a: UnsafeMutablePointer<Float>, b: UnsafeMutablePointer<Float>,
        into output: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
        let (m, n) = (product.m, product.n)
        let left = Carrier.convert(
            product.a, rows: product.layout == .tn ? length : m, columns: product.layout == .tn ? m : length,
            contractedRows: product.layout == .tn, from: first, into: a)
        let right = Carrier.convert(
            product.b, rows: product.layout == .nt ? n : length, columns: product.layout == .nt ? length : n,
            contractedRows: product.layout != .nt, from: first, into: b)
        cblas_sgemm(
            CblasRowMajor, product.layout == .tn ? CblasTrans : CblasNoTrans, product.layout == .nt ? CblasTrans : CblasNoTrans,
            Int32(m), Int32(n), Int32(length), 1, a, Int32(left), b, Int32(right), 0, output, Int32(outputStride))
    }

    // MARK: Above 8 bits

    private func wide(_ product: IntegerProduct) {
        let (m, n, k) = (product.m, product.n, product.k)
        doubles.withScratch((m + n) * k + m * n) { a in
            let b = a + m * k
            let sums = b + n * k
            let left = Carrier.convert(
                product.a, rows: product.layout == .tn ? k : m, columns: product.layout == .tn ? m : k,
                contractedRows: product.layout == .tn, from: 0, into: a)
            let right = Carrier.convert(
                product.b, rows: product.layout == .nt ? n : k, columns: product.layout == .nt ? k : n,
                contractedRows: product.layout != .nt, from: 0, into: b)
            cblas_dgemm(
                CblasRowMajor, product.layout == .tn ? CblasTrans : CblasNoTrans,
                product.layout == .nt ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(left), b, Int32(right), 0,
                sums, Int32(n))
            Rescale.rows(product, sums: UnsafePointer(sums), stride: n)
        }
    }
}
