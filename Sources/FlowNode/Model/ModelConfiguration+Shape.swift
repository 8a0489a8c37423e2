public import FlowConsensus
public import FlowModel
import FlowTensor

extension ModelConfiguration {
    /// The model that a network trains at a height; its first one where none is given.
    /// - Throws: `NodeError` with code `configuration` when the sizes make no model
    public init(_ parameters: ChainParameters, at height: BlockHeight = 0) throws(NodeError) {
        do throws(ModelShapeError) {
            try self.init(parameters.model(at: height), training: parameters.training)
        } catch {
            throw NodeError(.configuration, "the network \(parameters.name) names sizes that make no model", cause: error)
        }
    }
}
