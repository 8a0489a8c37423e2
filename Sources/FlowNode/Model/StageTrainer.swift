import FlowConsensus
import FlowModel
import FlowTensor

/// The trainer of the stage in use, for one thread: asking for another stage replaces it, so that two models' memory is
/// never held for longer than a trajectory needs it.
final class StageTrainer {
    let environment: TrainingEnvironment
    private var current: (height: BlockHeight, isDistrusted: Bool, trainer: Trainer, heldOut: TokenBatch?)?

    init(environment: TrainingEnvironment) { self.environment = environment }

    func trainer(_ stage: TrainingStage) -> Trainer {
        let isDistrusted = environment.trust.isDistrusted
        if let current, current.height == stage.height, current.isDistrusted == isDistrusted { return current.trainer }
        current = nil
        let trainer = Trainer(configuration: stage.configuration, backend: environment.backend, pool: environment.pool)
        current = (stage.height, isDistrusted, trainer, nil)
        return trainer
    }

    /// Mean held-out loss of the weights after the block at `height`.
    func heldOutLoss(_ weights: ModelState, after height: BlockHeight) throws -> Double {
        let stage = environment.stage(after: height)
        let trainer = trainer(stage)
        if let batch = current?.heldOut { return try trainer.loss(weights: weights, batch: batch) }
        let batch = try stage.sampler.heldOutBatch()
        // Nobody's digest covers this batch, and it stays in memory from now on.
        try stage.sampler.checkHeldOutPieces()
        current?.heldOut = batch
        return try trainer.loss(weights: weights, batch: batch)
    }
}
