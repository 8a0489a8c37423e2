import FlowCrypto
import FlowModel
import FlowTensor

/// What a right block's training yields: the weights after its last step and what the index keeps of them.
struct ReplayResult: Sendable {
    let state: ModelState
    let root: Hash256
    let delta: ModelDelta
    let heldOutLoss: Double
    let trainingLoss: Double

    /// Takes the end of a trajectory apart; costs a hash of all weights and one forward pass.
    /// - Parameters:
    ///   - weights: after the last kept step; copied
    ///   - losses: of the kept steps
    init(
        weights: ModelState, parent: ModelState, losses: [Double], trainer: Trainer, heldOut: TokenBatch, pool: ThreadPool
    ) throws {
        state = weights.copy()
        root = state.root(pool: pool)
        delta = try parent.delta(to: state)
        heldOutLoss = try trainer.loss(weights: state, batch: heldOut)
        trainingLoss = losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
    }
}
