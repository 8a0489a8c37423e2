import FlowCrypto
import FlowModel
import FlowTensor
import FlowTensorOpenBLAS
import Foundation

/// One run: d 128, 4 layers, 4 heads, 16 experts of width 256, 16 windows of 128 tokens a step.
final class LearningRun {
    private let options: LearningOptions
    private let configuration: ModelConfiguration
    private let sampler: BatchSampler
    private let trainer: Trainer
    private let weights: ModelState
    private let workSeed: Hash256
    private let heldOut: [TokenBatch]

    init(_ options: LearningOptions) throws {
        self.options = options
        configuration = try ModelConfiguration(
            ModelShape(
                embeddingLength: 128, layerCount: 4, headCount: 4, expertCount: 16, expertWidth: 256, contextLength: 128, batchSize: 16))
        let sampler = try BatchSampler(
            corpus: try DirectoryCorpus(path: options.text), contextLength: configuration.contextLength,
            batchSize: configuration.batchSize)
        self.sampler = sampler
        let pool = ThreadPool(threads: options.threads)
        let backend = try BackendSelection.admission(of: options.backend, offering: [OpenBLASBackend()]).backend
        trainer = Trainer(configuration: configuration, backend: backend, pool: pool)
        weights = ModelState(initialising: configuration, seed: UInt64(options.seed), pool: pool)
        workSeed = Keccak256.hash(Array("learning \(options.seed)".utf8))
        heldOut = try stride(from: 0, to: options.windows, by: configuration.batchSize).map { first in
            let indices = first..<min(first + sampler.batchSize, options.windows)
            let tokens = try indices.flatMap { try sampler.window(at: sampler.split.heldOutStart($0, of: options.windows)) }
            return TokenBatch(windows: indices.count, contextLength: sampler.contextLength, tokens: tokens)
        }
    }

    func run() throws {
        if let directory = options.write { try write(to: URL(fileURLWithPath: directory)) }
        write("# exact 8-bit arithmetic (\(trainer.backend.name), \(options.threads) threads), sign momentum reset every \(options.reset) steps")
        write("# peak \(options.peak) units of 2^-20, warm-up \(options.warmup), seed \(options.seed), \(options.offGrid ? "weights off the grid" : "weights on the grid")")
        write("step\ttraining\theldout\tseconds")
        let momentum = ModelState(zeros: configuration)
        if options.offGrid { leaveGrid() }
        let start = ContinuousClock.now
        var sum = 0.0, count = 0
        try report(step: 0, training: nil, since: start)
        for step in stride(from: 1, through: options.steps, by: 1) {
            if (step - 1) % options.reset == 0 { momentum.clear() }
            let batch = try sampler.batch(workSeed: workSeed, step: UInt32(step))
            let rate = options.rate(step: step)
            if options.offGrid {
                sum += try floatStep(batch, momentum: momentum, rate: Float(rate * 0x1p-20))
            } else {
                let units = max(TrainingParameters.leastUnits, UInt32(rate.rounded()))
                sum += try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: units).loss
            }
            count += 1
            if step % options.every == 0 || step == options.steps {
                try report(step: step, training: sum / Double(count), since: start)
                (sum, count) = (0, 0)
            }
        }
    }

    /// A line at once, also into a file.
    private func write(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    private func report(step: Int, training: Double?, since start: ContinuousClock.Instant) throws {
        var total = 0.0
        for batch in heldOut { total += try trainer.loss(weights: weights, batch: batch) * Double(batch.windows) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let numbers = [training ?? .nan, total / Double(options.windows)].map { String(format: "%.4f", $0) }
        write("\(step)\t\(numbers[0])\t\(numbers[1])\t\(Int(seconds))")
    }

    // MARK: Without the grid

    /// Moves every weight by less than half a step of the grid to where it is no multiple of 2^−20.
    private func leaveGrid() {
        weights.withUnsafeMutableElements { elements in
            for index in elements.indices {
                let word = Philox.block(counter: (UInt32(truncatingIfNeeded: index), 0, 0, 0), key: (7, 7)).0
                elements[index] += (Float(word) * 0x1p-32 - 0.5) * 0x1p-20
            }
        }
    }

    /// The step of Model.md in plain float32 around the same gradients: no multiple of 2^−20, no clamp.
    private func floatStep(_ batch: TokenBatch, momentum: ModelState, rate: Float) throws -> Double {
        let (gradients, report) = try trainer.gradients(weights: weights, batch: batch)
        let size = configuration.expertWidth * configuration.embeddingLength
        weights.withUnsafeMutableElements { w in
            momentum.withUnsafeMutableElements { m in
                gradients.withUnsafeElements { g in
                    for tensor in configuration.tensors {
                        guard [.gate, .up, .down].contains(tensor.role), let layer = tensor.layer else {
                            Self.update(w, m, g, tensor.range, rate)
                            continue
                        }
                        for (expert, slots) in report.expertCounts[layer].enumerated() where slots > 0 {
                            let first = tensor.offset + expert * size
                            Self.update(w, m, g, first..<first + size, rate)
                        }
                    }
                }
            }
        }
        return report.loss
    }

    private static func update(
        _ w: UnsafeMutableBufferPointer<Float>, _ m: UnsafeMutableBufferPointer<Float>, _ g: UnsafeBufferPointer<Float>,
        _ range: Range<Int>, _ rate: Float
    ) {
        for index in range {
            m[index] += (g[index] - m[index]) * 0.1
            w[index] -= m[index] > 0 ? rate : m[index] < 0 ? -rate : 0
        }
    }

    // MARK: For PyTorch

    /// The same start and the same tokens as files: little-endian, shapes in `run.json`.
    private func write(to directory: URL) throws {
        struct Tensor: Encodable { let name: String, offset: Int, shape: [Int] }
        struct Run: Encodable {
            let embeddingLength, layerCount, headCount, expertCount, expertWidth, contextLength, batchSize, steps, windows: Int
            let balancingWeight: Float
            let tensors: [Tensor]
        }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let c = configuration
        let run = Run(
            embeddingLength: c.embeddingLength, layerCount: c.layerCount, headCount: c.headCount, expertCount: c.expertCount,
            expertWidth: c.expertWidth, contextLength: c.contextLength, batchSize: c.batchSize, steps: options.steps,
            windows: options.windows, balancingWeight: c.balancingWeight,
            tensors: c.tensors.map { Tensor(name: $0.name, offset: $0.offset, shape: $0.shape) })
        try JSONEncoder().encode(run).write(to: directory.appending(path: "run.json"))
        try Data(weights.bytes).write(to: directory.appending(path: "initial.f32"))
        func words(_ batches: [TokenBatch]) -> Data {
            batches.reduce(into: Data()) { data, batch in batch.tokens.withUnsafeBytes { data.append(contentsOf: $0) } }
        }
        let batches = try stride(from: 1, through: max(options.steps, 1), by: 1).map {
            try sampler.batch(workSeed: workSeed, step: UInt32($0))
        }
        try words(batches).write(to: directory.appending(path: "batches.u16"))
        try words(heldOut).write(to: directory.appending(path: "heldout.u16"))
    }
}
