import FlowConsensus
import FlowModel

/// A stretch of the chain on which model and text stay what they are, from its first height to the next stage's.
struct TrainingStage: Sendable {
    /// The first block that trains it; 0 for what the chain starts with.
    let height: BlockHeight
    let configuration: ModelConfiguration
    let corpus: CheckedCorpus
    /// Draws windows of this stage's length from its corpus.
    let sampler: BatchSampler
    /// What makes its first weights of the last ones of the stage before; nil where the model stays.
    let growth: ModelGrowth?

    /// All stages of a network, in ascending height.
    /// - Throws: `NodeError` with code `configuration` when the parameters name no models or no growth, `corpusMissing` when a corpus
    ///   that they name is not given
    static func all(_ parameters: ChainParameters, corpora: [CheckedCorpus]) throws(NodeError) -> [TrainingStage] {
        let changes = parameters.growthSchedule.map(\.height) + parameters.amendments.list.filter { $0.corpus != nil }.map(\.height)
        var stages: [TrainingStage] = []
        for height in Set([0] + changes).sorted() {
            let configuration = try ModelConfiguration(parameters, at: height)
            let text = parameters.corpus(at: height)
            guard let corpus = corpora.first(where: { $0.tree.root == text.root && $0.length == text.length }) else {
                let given = corpora.map { "\($0.tree.root) (\($0.length) bytes)" }.joined(separator: ", ")
                throw NodeError(
                    height == 0 ? .corpusMismatch : .corpusMissing,
                    "from height \(height) on the network \(parameters.name) trains on the corpus with root \(text.root) and \(text.length) bytes, given are \(given); give that one too, with a further -dataset")
            }
            do {
                let growth = try stages.last.flatMap {
                    $0.configuration == configuration ? nil : try ModelGrowth(from: $0.configuration, to: configuration)
                }
                stages.append(
                    TrainingStage(
                        height: height, configuration: configuration, corpus: corpus,
                        sampler: try BatchSampler(
                            corpus: corpus, contextLength: configuration.contextLength, batchSize: configuration.batchSize),
                        growth: growth))
            } catch {
                throw NodeError(.configuration, "the network \(parameters.name) cannot train its model from height \(height) on", cause: error)
            }
        }
        return stages
    }
}
