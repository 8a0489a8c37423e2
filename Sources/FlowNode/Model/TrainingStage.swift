import FlowConsensus
import FlowModel

/// One of the models that a chain trains, from its first height to the next stage's.
struct TrainingStage: Sendable {
    /// The first block that trains it; 0 for the model that the chain starts with.
    let height: BlockHeight
    let configuration: ModelConfiguration
    /// Draws windows of this stage's length from the network's corpus.
    let sampler: BatchSampler
    /// What makes its first weights of the last ones of the stage before; nil for the first stage.
    let growth: ModelGrowth?

    /// All stages of a network, in ascending height.
    /// - Throws: `NodeError` with code `configuration` when the parameters name no models or no growth
    static func all(_ parameters: ChainParameters, corpus: any Corpus) throws(NodeError) -> [TrainingStage] {
        for amendment in parameters.amendments.list {
            guard let text = amendment.corpus, text != parameters.corpus(at: 0) else { continue }
            throw NodeError(
                .configuration, "the amendment at height \(amendment.height) changes the corpus to the one with root \(text.root), and this node can open one corpus only; use a later version")
        }
        var stages: [TrainingStage] = []
        for height in [0] + parameters.growthSchedule.map(\.height) {
            let configuration = try ModelConfiguration(parameters, at: height)
            do {
                stages.append(
                    TrainingStage(
                        height: height, configuration: configuration,
                        sampler: try BatchSampler(
                            corpus: corpus, contextLength: configuration.contextLength, batchSize: configuration.batchSize),
                        growth: try stages.last.map { try ModelGrowth(from: $0.configuration, to: configuration) }))
            } catch {
                throw NodeError(.configuration, "the network \(parameters.name) cannot train its model from height \(height) on", cause: error)
            }
        }
        return stages
    }
}
