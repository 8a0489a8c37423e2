/// What one training step measured before it changed the weights. Nothing here is consensus.
public struct StepReport: Sendable, Equatable {
    /// Mean loss of the batch under the weights before the step, nats a token.
    public let loss: Double
    /// Sum of the layers' balancing losses (Model.md), already weighted by β.
    public let balancingLoss: Double
    /// For each layer, how many of the 2T slots each expert received.
    public let expertCounts: [[Int]]
    /// The share of the rows of weight gradients that their columns' scales round to nothing; the kernels leave them out. It grows as text is learnt.
    public let zeroRowShare: Double

    init(loss: Double, balancingLoss: Double, expertCounts: [[Int]], zeroRowShare: Double) {
        self.loss = loss
        self.balancingLoss = balancingLoss
        self.expertCounts = expertCounts
        self.zeroRowShare = zeroRowShare
    }
}
