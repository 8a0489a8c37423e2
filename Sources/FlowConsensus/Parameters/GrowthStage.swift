public import FlowEncoding

/// From `height` on the chain trains a larger model (`Documentation/Protocol/Growth.md`).
public struct GrowthStage: Hashable, Sendable, Codable {
    /// The first block that trains the larger model; on a network that retargets, a height at which it does.
    public var height: BlockHeight
    public var model: ModelShape
    /// What a training step costs then, compared with one of the stage before; the target is multiplied by it at `height`.
    public var costRatio: CostRatio

    public init(height: BlockHeight, model: ModelShape, costRatio: CostRatio) {
        self.height = height
        self.model = model
        self.costRatio = costRatio
    }
}

extension GrowthStage: BinaryEncodable {
    /// Height, eight sizes, numerator, denominator, all u32.
    public func encode(to writer: inout ByteWriter) {
        writer.write(height)
        model.encode(to: &writer)
        writer.write(costRatio.numerator)
        writer.write(costRatio.denominator)
    }
}
