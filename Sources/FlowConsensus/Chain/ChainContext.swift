public import FlowCrypto

/// The branch that a block builds on, as far as the rules need it. FlowNode implements it from its index.
public protocol ChainContext {
    /// The block that the new one builds on.
    var parent: BlockHeader { get }
    var parentHash: Hash256 { get }
    /// The root of the weights that the new block starts from: those after the parent's last step, grown where the new height
    /// calls for it; nil as long as the parent has not been replayed.
    var parentResultRoot: Hash256? { get }
    /// The header at a height on this branch, from 0 to the parent's. An error, or nil, is a fault of the store and says
    /// nothing about the block.
    func header(at height: BlockHeight) throws -> BlockHeader?
}

extension ChainContext {
    /// The height of the new block; nil when the parent has the last height that a header can hold.
    public var nextHeight: BlockHeight? {
        let next = parent.height.addingReportingOverflow(1)
        return next.overflow ? nil : next.partialValue
    }

    /// The median time past that holds for the new block: of the parent and the ten blocks before it.
    public func medianTimePast() throws -> UInt64 {
        try medianTimePast(at: parent.height)
    }

    /// The median of the times of the block at `height` and the ten blocks before it.
    public func medianTimePast(at height: BlockHeight) throws -> UInt64 {
        let first = height - min(height, UInt32(MedianTimePast.window - 1))
        var times: [UInt64] = []
        for ancestor in first...height {
            times.append(try existingHeader(at: ancestor).time)
        }
        return MedianTimePast.of(times)
    }

    /// The bits that the new block must have: those of the retarget rule, multiplied where the model grows.
    public func expectedBits(_ parameters: ChainParameters) throws -> CompactTarget {
        guard parameters.retargets else { return parameters.powLimit }
        let bits = try retargetedBits(parameters)
        guard let height = nextHeight, let stage = parameters.growthStage(beginningAt: height) else { return bits }
        return stage.costRatio.scaling(bits, limit: parameters.powLimit)
    }

    private func retargetedBits(_ parameters: ChainParameters) throws -> CompactTarget {
        let period = parameters.retargetPeriod
        guard let height = nextHeight, period > 1, height % period == 0 else { return parent.bits }
        let first = try existingHeader(at: height - period)
        return Retarget.next(
            bits: parent.bits, firstTime: first.time, lastTime: parent.time, limit: parameters.powLimit,
            timespan: parameters.retargetTimespan)
    }

    private func existingHeader(at height: BlockHeight) throws -> BlockHeader {
        guard let header = try header(at: height) else {
            throw ChainContextFault.missingHeader(height: height)
        }
        return header
    }
}
