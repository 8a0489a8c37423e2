public import FlowConsensus
public import FlowModel
import FlowTensor

extension ModelConfiguration {
    /// The model that a network trains at a height; its first one where none is given.
    /// - Throws: `NodeError` with code `configuration` when the sizes make no model
    public init(_ parameters: ChainParameters, at height: BlockHeight = 0) throws(NodeError) {
        let shape = parameters.model(at: height), training = parameters.training
        do {
            try self.init(
                embeddingLength: Int(shape.embeddingLength), layerCount: Int(shape.layerCount), headCount: Int(shape.headCount),
                expertCount: Int(shape.expertCount), expertWidth: Int(shape.expertWidth), contextLength: Int(shape.contextLength),
                batchSize: Int(shape.batchSize), expertsPerToken: Int(shape.expertsPerToken),
                linearBits: Int(training.linearBits), attentionBits: Int(training.attentionBits), routerBits: Int(training.routerBits),
                balancingWeight: withCanonicalFloatingPoint { Float(training.balancingWeight) / 1_000_000 })
        } catch {
            throw NodeError(.configuration, "the network \(parameters.name) names sizes that make no model", cause: error)
        }
    }
}
