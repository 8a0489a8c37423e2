/// From `height` on the peak of the learning rate is `units` · 2^−20.
public struct LearningRateStage: Hashable, Sendable, Codable {
    public var height: BlockHeight
    public var units: UInt32

    public init(height: BlockHeight, units: UInt32) {
        self.height = height
        self.units = units
    }
}
