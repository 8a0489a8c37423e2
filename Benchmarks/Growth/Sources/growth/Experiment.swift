import FlowCrypto
import FlowModel
import FlowTensor

/// A model on a corpus: training as the chain does it, and a held-out loss over more windows than a block publishes.
struct Experiment {
    /// Steps of a trajectory; momentum starts anew after as many.
    static let trajectoryLength = 8
    /// Batches of held-out windows.
    static let heldOutBatches = 16

    let configuration: ModelConfiguration
    private let trainer: Trainer
    private let sampler: BatchSampler

    init(_ configuration: ModelConfiguration, corpus: any Corpus) throws {
        self.configuration = configuration
        trainer = Trainer(configuration: configuration, backend: try BackendSelection.admission().backend)
        sampler = try BatchSampler(
            corpus: corpus, contextLength: configuration.contextLength, batchSize: configuration.batchSize)
    }

    /// Mean loss over the whole held-out part, in nats a byte.
    func heldOutLoss(_ weights: ModelState) throws -> Double {
        let count = Self.heldOutBatches * configuration.batchSize
        var total = 0.0
        for batch in 0..<Self.heldOutBatches {
            var tokens: [UInt16] = []
            for window in 0..<configuration.batchSize {
                tokens += try sampler.window(
                    at: sampler.split.heldOutStart(batch * configuration.batchSize + window, of: count))
            }
            total += try trainer.loss(
                weights: weights,
                batch: TokenBatch(
                    windows: configuration.batchSize, contextLength: configuration.contextLength, tokens: tokens))
        }
        return total / Double(Self.heldOutBatches)
    }

    /// Trains `steps` more steps; the batches depend on the step's number alone, so every model sees the same text.
    /// - Parameter report: called with the step and the held-out loss after every `interval` steps.
    func train(
        _ start: ModelState, from first: Int, steps: Int, units: UInt32, warmup: Int, interval: Int,
        report: (Int, Double) -> Void
    ) throws -> ModelState {
        var weights = start
        for done in stride(from: 0, to: steps, by: Self.trajectoryLength) {
            let rates = (1...Self.trajectoryLength).map { step in
                max(TrainingParameters.leastUnits, units * UInt32(min(first + done + step, warmup)) / UInt32(warmup))
            }
            let trajectory = Trajectory(
                TrajectoryJob(
                    parent: weights, modelRoot: .zero, workSeed: Keccak256.hash(Array("work \(first + done)".utf8)),
                    stepsPerBlock: Self.trajectoryLength, firstPayingStep: 1, learningRateUnits: rates, sampler: sampler),
                trainer: trainer)
            while !trajectory.isFinished { _ = try trajectory.advance() }
            weights = trajectory.weights
            let step = done + Self.trajectoryLength
            if step % interval == 0 { report(first + step, try heldOutLoss(weights)) }
        }
        return weights
    }
}
