import FlowConsensus
import FlowModel
import FlowTensor

/// What training needs besides weights: models, corpora, arithmetic.
struct TrainingEnvironment: Sendable {
    let parameters: ChainParameters
    /// The models and texts of the chain, in ascending height; never empty.
    let stages: [TrainingStage]
    let trust: TrustedBackend
    /// Shared by replay and mining: whoever finds it busy works on its own thread alone, so that threads never outnumber cores.
    let pool: ThreadPool

    var backend: any MatrixBackend { trust.current }

    /// - Parameter corpora: the network's corpus and those of its amendments
    /// - Throws: `NodeError`: the parameters name no models, or a corpus that is not given
    init(parameters: ChainParameters, corpora: [CheckedCorpus], backend: any MatrixBackend, pool: ThreadPool) throws(NodeError) {
        self.parameters = parameters
        stages = try TrainingStage.all(parameters, corpora: corpora)
        trust = TrustedBackend(backend)
        self.pool = pool
    }

    /// With one corpus, which is hashed unless it was before.
    init(parameters: ChainParameters, corpus: any Corpus, backend: any MatrixBackend, pool: ThreadPool) throws(NodeError) {
        let text: CheckedCorpus
        if let checked = corpus as? CheckedCorpus {
            text = checked
        } else {
            do throws(CorpusError) { text = try CheckedCorpus(opening: { () throws(CorpusError) in corpus }) } catch {
                throw NodeError(.corpusMissing, "\(error)")
            }
        }
        try self.init(parameters: parameters, corpora: [text], backend: backend, pool: pool)
    }

    /// What the block at `height` trains. The weights after a block belong to the stage of the height above it.
    func stage(at height: BlockHeight) -> TrainingStage { stages.last { $0.height <= height } ?? stages[0] }

    /// The model of the weights after the block at `height`.
    func stage(after height: BlockHeight) -> TrainingStage { stage(at: Self.next(height)) }

    /// What happens to the weights after the training of the block at `height`; nil where the model keeps its size.
    func growth(after height: BlockHeight) -> ModelGrowth? {
        let stage = stage(after: height)
        return stage.height == Self.next(height) ? stage.growth : nil
    }

    private static func next(_ height: BlockHeight) -> BlockHeight { height == .max ? height : height + 1 }

    /// The trajectory that a header's first 124 bytes start.
    func job(_ header: BlockHeader, parent: ModelState) -> TrajectoryJob {
        let training = parameters.training(at: header.height)
        return TrajectoryJob(
            parent: parent, modelRoot: header.modelRoot, workSeed: parameters.workSeed(of: header),
            stepsPerBlock: Int(training.stepsPerBlock), firstPayingStep: Int(training.firstPayingStep),
            learningRateUnits: parameters.learningRateUnits(at: header.height), sampler: stage(at: header.height).sampler)
    }
}
