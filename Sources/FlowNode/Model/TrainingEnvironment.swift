import FlowConsensus
import FlowModel
import FlowTensor

/// What training needs besides weights: sizes, corpus, arithmetic. One trainer of it serves one thread.
struct TrainingEnvironment: Sendable {
    let parameters: ChainParameters
    let configuration: ModelConfiguration
    let sampler: BatchSampler
    let backend: any MatrixBackend
    /// Shared by replay and mining: whoever finds it busy works on its own thread alone, so that threads never outnumber cores.
    let pool: ThreadPool

    func makeTrainer() -> Trainer { Trainer(configuration: configuration, backend: backend, pool: pool) }
    func makeReferenceTrainer() -> Trainer { Trainer(configuration: configuration, backend: ReferenceBackend(), pool: pool) }

    /// The learning rates of a block's steps, first step first.
    func learningRates(height: BlockHeight, keptStepsBefore: UInt64) -> [UInt32] {
        (0..<UInt64(parameters.training.stepsPerBlock)).map {
            parameters.training.learningRateUnits(height: height, keptSteps: keptStepsBefore &+ $0)
        }
    }

    /// The trajectory that a header's first 124 bytes start.
    func job(_ header: BlockHeader, parent: ModelState, keptStepsBefore: UInt64) -> TrajectoryJob {
        TrajectoryJob(
            parent: parent, modelRoot: header.modelRoot, workSeed: header.workSeed(corpusRoot: parameters.corpusRoot),
            stepsPerBlock: Int(parameters.training.stepsPerBlock), firstPayingStep: Int(parameters.training.firstPayingStep),
            learningRateUnits: learningRates(height: header.height, keptStepsBefore: keptStepsBefore), sampler: sampler)
    }
}
