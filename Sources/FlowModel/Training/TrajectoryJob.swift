public import FlowCrypto

/// One ticket sequence: the weights it starts from, what names it, and where its batches come from (Training.md).
public struct TrajectoryJob: Sendable {
    /// W₀. The trajectory only reads it.
    public let parent: ModelState
    /// Root of `parent`'s bytes.
    public let modelRoot: Hash256
    /// Names the trajectory: the hash of everything in the header but steps and deltaHash.
    public let workSeed: Hash256
    /// S.
    public let stepsPerBlock: Int
    /// k0: steps before it pay nothing.
    public let firstPayingStep: Int
    /// η of each step in units of 2^−20; element 0 belongs to step 1. S numbers.
    public let learningRateUnits: [UInt32]
    /// Draws the batches.
    public let sampler: BatchSampler

    /// - Precondition: 1 ≤ `firstPayingStep` ≤ `stepsPerBlock`, and one learning rate a step.
    public init(
        parent: ModelState, modelRoot: Hash256, workSeed: Hash256, stepsPerBlock: Int, firstPayingStep: Int,
        learningRateUnits: [UInt32], sampler: BatchSampler
    ) {
        precondition(
            firstPayingStep >= 1 && firstPayingStep <= stepsPerBlock && learningRateUnits.count == stepsPerBlock,
            "a trajectory needs 1 ≤ k0 (\(firstPayingStep)) ≤ S (\(stepsPerBlock)) and S learning rates (\(learningRateUnits.count))")
        self.parent = parent
        self.modelRoot = modelRoot
        self.workSeed = workSeed
        self.stepsPerBlock = stepsPerBlock
        self.firstPayingStep = firstPayingStep
        self.learningRateUnits = learningRateUnits
        self.sampler = sampler
    }
}
