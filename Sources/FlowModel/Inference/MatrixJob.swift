internal import FlowGGUF
internal import FlowTensor

/// One product `output[t] = input[t]·Wᵀ` for `tokens` rows of input.
struct MatrixJob {
    var weights: WeightMatrix
    var input: UnsafePointer<Float>
    var inputStride: Int
    var tokens: Int
    var output: UnsafeMutablePointer<Float>
    var outputStride: Int
    /// Sums of the input's blocks, where ``InputRounding`` rounded it.
    var sums: UnsafePointer<Float>?

    /// Computes output columns `range`.
    func run(_ range: Range<Int>) {
        switch (weights.type, tokens) {
        case (.f32, _):
            for row in range {
                let weightRow = (weights.base + row * weights.rowByteCount)
                for token in 0..<tokens {
                    output[token * outputStride + row] = InferenceKernels.dot(
                        weightRow, input + token * inputStride, weights.columns)
                }
            }
        case (.q8_0, 1):
            for row in range {
                output[row] = InferenceKernels.dotQ8_0(
                    weights.base + row * weights.rowByteCount, input, weights.columns)
            }
        case (.q4_1, _) where sums != nil:
            guard let sums else { return }
            let blocks = weights.columns / InputRounding.blockLength
            for row in range {
                for token in 0..<tokens {
                    output[token * outputStride + row] = InferenceKernels.dotQ4_1(
                        weights.base + row * weights.rowByteCount, input + token * inputStride,
                        sums: sums + token * blocks, weights.columns)
                }
            }
        case (.f16, 1):
            for row in range {
                output[row] = InferenceKernels.dotF16(
                    weights.base + row * weights.rowByteCount, input, weights.columns)
            }
        default:
            withUnsafeTemporaryAllocation(of: Float.self, capacity: weights.columns) { scratch in
                guard let decoded = scratch.baseAddress else { return }
                for row in range {
                    weights.decodeRow(row, into: decoded)
                    for token in 0..<tokens {
                        output[token * outputStride + row] = InferenceKernels.dot(
                            decoded, input + token * inputStride, weights.columns)
                    }
                }
            }
        }
    }
}

/// Runs independent products side by side: the rows of all jobs are cut into parts of about equal work.
struct MatrixRunner {
    let pool: ThreadPool
    private let rounding: InputRounding?
    private var parts: [(job: Int, rows: Range<Int>)] = []

    init(pool: ThreadPool, roundsInputs: Bool) {
        self.pool = pool
        rounding = roundsInputs ? InputRounding() : nil
    }

    mutating func run(_ jobs: [MatrixJob]) {
        let jobs = rounding?.rounded(jobs) ?? jobs
        let total = jobs.reduce(0) { $0 + $1.weights.rows * $1.weights.columns * $1.tokens }
        // Handing a part to another thread costs as much as some 16,384 multiplications.
        guard pool.threads > 1, total >= 65_536 else {
            for job in jobs { job.run(0..<job.weights.rows) }
            return
        }
        let wanted = max(16_384, total / (pool.threads * 4))
        parts.removeAll(keepingCapacity: true)
        for (index, job) in jobs.enumerated() {
            let perRow = job.weights.columns * job.tokens
            let rowsAtOnce = max(1, wanted / max(perRow, 1))
            for start in stride(from: 0, to: job.weights.rows, by: rowsAtOnce) {
                parts.append((index, start..<min(start + rowsAtOnce, job.weights.rows)))
            }
        }
        let parts = parts
        pool.run(parts.count) { part in jobs[parts[part].job].run(parts[part].rows) }
    }
}
