import FlowConsensus
import FlowModel
import FlowTensor

/// What training needs besides weights: models, corpus, arithmetic.
struct TrainingEnvironment: Sendable {
    let parameters: ChainParameters
    /// The models of the chain, in ascending height; never empty.
    let stages: [TrainingStage]
    let backend: any MatrixBackend
    /// Kernels that share nothing with the backend's but the arithmetic: for a second opinion.
    let portableBackend: any MatrixBackend
    /// Shared by replay and mining: whoever finds it busy works on its own thread alone, so that threads never outnumber cores.
    let pool: ThreadPool

    /// - Throws: `NodeError` with code `configuration` when the parameters name no models
    init(parameters: ChainParameters, corpus: any Corpus, backend: any MatrixBackend, pool: ThreadPool) throws(NodeError) {
        self.parameters = parameters
        stages = try TrainingStage.all(parameters, corpus: corpus)
        self.backend = backend
        portableBackend = (try? BackendSelection.admission(of: "portable"))?.backend ?? ReferenceBackend()
        self.pool = pool
    }

    /// The model that the block at `height` trains. The weights after a block belong to the stage of the height above it.
    func stage(at height: BlockHeight) -> TrainingStage { stages.last { $0.height <= height } ?? stages[0] }

    /// The model of the weights after the block at `height`.
    func stage(after height: BlockHeight) -> TrainingStage { stage(at: Self.next(height)) }

    /// What happens to the weights after the training of the block at `height`; nil where the model keeps its size.
    func growth(after height: BlockHeight) -> ModelGrowth? {
        let stage = stage(after: height)
        return stage.height == Self.next(height) ? stage.growth : nil
    }

    private static func next(_ height: BlockHeight) -> BlockHeight { height == .max ? height : height + 1 }

    /// The learning rates of a block's steps, first step first.
    func learningRates(height: BlockHeight, keptStepsBefore: UInt64) -> [UInt32] {
        let training = parameters.training(at: height)
        return (0..<UInt64(training.stepsPerBlock)).map {
            training.learningRateUnits(height: height, keptSteps: keptStepsBefore &+ $0)
        }
    }

    /// The trajectory that a header's first 124 bytes start.
    func job(_ header: BlockHeader, parent: ModelState, keptStepsBefore: UInt64) -> TrajectoryJob {
        let training = parameters.training(at: header.height)
        return TrajectoryJob(
            parent: parent, modelRoot: header.modelRoot, workSeed: parameters.workSeed(of: header),
            stepsPerBlock: Int(training.stepsPerBlock), firstPayingStep: Int(training.firstPayingStep),
            learningRateUnits: learningRates(height: header.height, keptStepsBefore: keptStepsBefore),
            sampler: stage(at: header.height).sampler)
    }
}
