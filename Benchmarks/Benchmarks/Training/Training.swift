import Benchmark
import FlowCrypto
import FlowModel
import FlowTensor
import FlowTensorOpenBLAS

/// One training step of a network's model, digest included: what a ticket costs a miner and a replay costs a validator.
private final class Bench: @unchecked Sendable {
    private let trajectory: Trajectory
    private let job: TrajectoryJob

    init(_ configuration: ModelConfiguration, _ backend: any MatrixBackend, threads: Int) throws {
        let pool = ThreadPool(threads: threads)
        let sampler = try BatchSampler(
            corpus: SyntheticCorpus.regtest, contextLength: configuration.contextLength, batchSize: configuration.batchSize)
        let parent = ModelState(initialising: configuration, seed: 1, pool: pool)
        job = TrajectoryJob(
            parent: parent, modelRoot: .zero, workSeed: Keccak256.hash([1]), stepsPerBlock: 16, firstPayingStep: 1,
            learningRateUnits: Array(repeating: 1_024, count: 16), sampler: sampler)
        trajectory = Trajectory(job, trainer: Trainer(configuration: configuration, backend: backend, pool: pool))
    }

    func step() throws {
        if trajectory.isFinished { trajectory.restart(job) }
        _ = try trajectory.advance()
    }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.wallClock, .throughput], maxDuration: .seconds(10))
    let shapes: [(String, ModelConfiguration?)] = [
        ("regtest", try? ModelConfiguration(
            embeddingLength: 64, layerCount: 2, headCount: 2, expertCount: 8, expertWidth: 128, contextLength: 64, batchSize: 32)),
        ("testnet", try? ModelConfiguration(
            embeddingLength: 128, layerCount: 4, headCount: 4, expertCount: 16, expertWidth: 256, contextLength: 128,
            batchSize: 32)),
    ]
    for (name, configuration) in shapes {
        guard let configuration else { continue }
        for entry in BackendSelection.list(offering: [OpenBLASBackend()]) {
            guard let backend = entry.backend, entry.name != "reference" else { continue }
            for threads in [1, 2] {
                guard let bench = try? Bench(configuration, backend, threads: threads) else { continue }
                Benchmark("\(name) step of \(configuration.tokensPerBatch) tokens, \(entry.name), \(threads) threads") { benchmark in
                    for _ in benchmark.scaledIterations { try bench.step() }
                }
            }
        }
    }
}
