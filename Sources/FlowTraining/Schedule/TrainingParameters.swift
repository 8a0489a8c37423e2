public import FlowEncoding

/// How a network trains: steps of a block, learning rate, bits of the quantisers.
public struct TrainingParameters: Hashable, Sendable, Codable {
    /// S: the most steps in one trajectory.
    public var stepsPerBlock: UInt32
    /// k0: the first step that is a ticket.
    public var firstPayingStep: UInt32
    /// Seeds the first weights.
    public var initialisationSeed: UInt64
    /// The peak learning rate by height, ascending; the first stage starts at height 0.
    public var peakLearningRate: [LearningRateStage]
    /// Over so many steps of the chain the rate rises to its peak.
    public var warmupSteps: UInt32
    /// The weight of the balancing loss, in millionths.
    public var balancingWeight: UInt32
    /// Bits of the quantisers of linear layers, of attention, of the router.
    public var linearBits: UInt32
    public var attentionBits: UInt32
    public var routerBits: UInt32

    /// The least learning rate: 2^−13 in units of 2^−20. Below, 8-bit weights would stand still.
    public static let leastUnits: UInt32 = 128
    /// What `balancingWeight` may be: up to 1.
    public static let balancingWeights: ClosedRange<UInt32> = 0...1_000_000

    /// The three bit widths together.
    public var bits: QuantiserBits { QuantiserBits(linear: linearBits, attention: attentionBits, router: routerBits) }

    public init(
        stepsPerBlock: UInt32, firstPayingStep: UInt32, initialisationSeed: UInt64,
        peakLearningRate: [LearningRateStage], warmupSteps: UInt32, balancingWeight: UInt32 = 10_000,
        linearBits: UInt32 = 8, attentionBits: UInt32 = 8, routerBits: UInt32 = 8
    ) {
        self.stepsPerBlock = stepsPerBlock
        self.firstPayingStep = firstPayingStep
        self.initialisationSeed = initialisationSeed
        self.peakLearningRate = peakLearningRate
        self.warmupSteps = warmupSteps
        self.balancingWeight = balancingWeight
        self.linearBits = linearBits
        self.attentionBits = attentionBits
        self.routerBits = routerBits
    }

    /// The learning rate of one step, in units of 2^−20: `max(128, ⌊peak · min(n + 1, warmup) / warmup⌋)`.
    ///
    /// - Parameters:
    ///   - height: of the block that the step belongs to.
    ///   - stepsBefore: n, the steps of all blocks up to the parent, S each, and those before this one in the trajectory.
    public func learningRateUnits(height: BlockHeight, stepsBefore: UInt64) -> UInt32 {
        var peak = Self.leastUnits
        for stage in peakLearningRate where stage.height <= height {
            peak = stage.units
        }
        let warmup = UInt64(max(warmupSteps, 1))
        // The smaller of n + 1 and the warm-up, without adding to a number that may be the largest.
        let progress = stepsBefore < warmup ? stepsBefore + 1 : warmup
        let units = UInt64(peak) * progress / warmup
        return max(Self.leastUnits, UInt32(truncatingIfNeeded: units))
    }
}

extension TrainingParameters: BinaryEncodable {
    /// S, k0, seed, stages (CompactSize; height and units each), warm-up, balancing weight, three bit widths; u32 but for the u64 seed.
    public func encode(to writer: inout ByteWriter) {
        writer.write(stepsPerBlock)
        writer.write(firstPayingStep)
        writer.write(initialisationSeed)
        writer.writeCompactSize(UInt64(peakLearningRate.count))
        for stage in peakLearningRate {
            writer.write(stage.height)
            writer.write(stage.units)
        }
        writer.write(warmupSteps)
        writer.write(balancingWeight)
        writer.write(linearBits)
        writer.write(attentionBits)
        writer.write(routerBits)
    }
}
