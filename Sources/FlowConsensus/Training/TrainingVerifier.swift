/// Replays the training of a block. FlowNode implements it with FlowModel; the rules know no model.
public protocol TrainingVerifier {
    /// Replays a claim. An error thrown here is a fault of the verifier and says nothing about the block.
    func verify(_ claim: TrainingClaim) throws -> TrainingVerdict
}
