import Benchmark
import CBLAS
import FlowTensor
import FlowTensorOpenBLAS

/// One shape C[m,n] = A[m,k]·B[n,k]ᵀ with the memory of both sides.
private final class Shape: @unchecked Sendable {
    let m, n, k: Int
    let left, right: [Float]
    private let a = QuantisedMatrix(), b = QuantisedMatrix()
    private let output: UnsafeMutablePointer<Float>

    init(_ m: Int, _ n: Int, _ k: Int) throws {
        (self.m, self.n, self.k) = (m, n, k)
        // A fixed pattern without a period that a cache or predictor could learn.
        func numbers(_ count: Int, _ key: UInt32) -> [Float] {
            (0..<count).map {
                let word = Philox.block(counter: (UInt32(truncatingIfNeeded: $0), 0, 0, 0), key: (key, 0)).0
                return Float(Int32(bitPattern: word)) * 0x1p-31
            }
        }
        left = numbers(m * k, 1)
        right = numbers(n * k, 2)
        output = .allocate(capacity: m * n)
        output.initialize(repeating: 0, count: m * n)
        a.reshape(rows: m, columns: k, bits: 8, axis: .row)
        b.reshape(rows: n, columns: k, bits: 8, axis: .matrix)
        try left.withUnsafeBufferPointer { try Quantiser.quantiseRows($0.baseAddress!, stride: k, into: a, pool: .single) }
        try right.withUnsafeBufferPointer { try Quantiser.quantiseMatrix($0.baseAddress!, into: b, pool: .single) }
    }

    deinit { output.deallocate() }

    var name: String { "\(m)×\(n)×\(k)" }

    func exact(_ backend: any MatrixBackend, _ pool: ThreadPool) {
        let product = IntegerProduct(.nt, m: m, n: n, k: k, a: a.operand(), b: b.operand(), output: output, outputStride: n)
        backend.execute([product], pool: pool)
    }

    func float() {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(k), 1, left, Int32(k), right, Int32(k), 0, output,
            Int32(n))
    }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.wallClock, .throughput], maxDuration: .seconds(2))
    openblas_set_num_threads(1)
    let two = ThreadPool(threads: 2)
    for (m, n, k) in [(512, 512, 512), (64, 1024, 512), (8, 1024, 512), (64, 256, 128)] {
        guard let shape = try? Shape(m, n, k) else { continue }
        Benchmark("\(shape.name) sgemm, float, 1 thread") { benchmark in
            for _ in benchmark.scaledIterations { shape.float() }
        }
        for entry in BackendSelection.list(offering: [OpenBLASBackend()]) {
            guard let backend = entry.backend, entry.name != "reference" else { continue }
            Benchmark("\(shape.name) exact, \(entry.name), 1 thread") { benchmark in
                for _ in benchmark.scaledIterations { shape.exact(backend, .single) }
            }
            Benchmark("\(shape.name) exact, \(entry.name), 2 threads") { benchmark in
                for _ in benchmark.scaledIterations { shape.exact(backend, two) }
            }
        }
    }
}
