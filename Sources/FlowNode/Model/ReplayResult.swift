import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor

/// What a right block's training yields: the weights that the next block starts from and what the index keeps of them.
struct ReplayResult: Sendable {
    /// After the trajectory's last step, grown where the next height calls for it.
    let state: ModelState
    let root: Hash256
    /// Of `state`, taken before its root: what a fault changes from then on, it does not cover.
    let checksum: UInt64
    /// What the training alone changed, in the shape of the block's own stage.
    let delta: ModelDelta
    /// nil where it cannot be computed; it decides nothing.
    let heldOutLoss: Double?
    let trainingLoss: Double
    /// Of the last step (`StepReport`).
    let zeroRowShare: Double

    /// Takes the end of a trajectory apart; costs a hash of all weights and one forward pass.
    /// - Parameters:
    ///   - weights: after the last step; copied
    ///   - height: of the block
    ///   - losses: of all steps
    init(weights: ModelState, parent: ModelState, height: BlockHeight, losses: [Double], zeroRowShare: Double, trainer: StageTrainer) throws {
        let environment = trainer.environment
        self.zeroRowShare = zeroRowShare
        delta = try parent.delta(to: weights)
        state = try environment.growth(after: height)?.grown(weights, pool: environment.pool) ?? weights.copy()
        checksum = state.checksum(pool: environment.pool)
        root = state.root(pool: environment.pool)
        let loss = try? trainer.heldOutLoss(state, after: height)
        heldOutLoss = loss.flatMap { $0.isFinite ? $0 : nil }
        trainingLoss = losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
    }
}
