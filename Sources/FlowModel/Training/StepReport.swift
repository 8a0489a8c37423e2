/// What one training step measured before it changed the weights. Nothing here is consensus.
public struct StepReport: Sendable, Equatable {
    /// Mean loss of the batch under the weights before the step, nats a token.
    public let loss: Double
    /// Sum of the layers' balancing losses (Model.md), already weighted by β.
    public let balancingLoss: Double
    /// For each layer, how many of the 2T slots each expert received.
    public let expertCounts: [[Int]]

    init(loss: Double, balancingLoss: Double, expertCounts: [[Int]]) {
        self.loss = loss
        self.balancingLoss = balancingLoss
        self.expertCounts = expertCounts
    }
}
