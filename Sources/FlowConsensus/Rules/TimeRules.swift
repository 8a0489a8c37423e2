/// The rules on a block's time: the least distance from the parent, the chain's own clock, and the node's clock.
public enum TimeRules {
    /// How far ahead of a node's own clock a block may be, in seconds.
    ///
    /// Bitcoin allows two hours. Here times decide how many blocks can come at once, each of which every node replays: fifteen of them, not a hundred and twenty (Scale.md).
    public static let futureAllowance: UInt64 = 900

    /// The first second at which a node's clock allows a block with this time.
    public static func due(time: UInt64) -> UInt64 { time - min(time, futureAllowance) }

    /// Checks a block's time against the node's clock. The verdict is not final: from `due(time:)` on the block may be accepted.
    static func checkFuture(time: UInt64, now: UInt64) throws(BlockViolation) {
        guard due(time: time) <= now else { throw .timeTooNew(now: now, actual: time) }
    }
}

extension ChainParameters {
    /// The least seconds between a block's time and its parent's; nil on a network whose target never moves.
    ///
    /// So in the long run blocks come no faster than the reference machine replays mainnet's first model (Scale.md), and times ascend, which leaves nothing to the rules that guard a
    /// retarget against times that go back.
    public var leastSpacing: UInt64? { retargets ? UInt64(blockInterval / ConsensusLimits.blocksPerInterval) : nil }
}

extension ChainContext {
    /// The lowest time that the rules allow for the new block; nil when no number is high enough.
    ///
    /// On a network that retargets: the parent's time and the least spacing. On others: one second above the median time past.
    public func minimumTime(_ parameters: ChainParameters) throws -> UInt64? {
        let sum =
            if let spacing = parameters.leastSpacing {
                parent.time.addingReportingOverflow(spacing)
            } else {
                try medianTimePast().addingReportingOverflow(1)
            }
        return sum.overflow ? nil : sum.partialValue
    }

    /// Checks that a time is not below `minimumTime(_:)`.
    func checkMinimumTime(_ time: UInt64, _ parameters: ChainParameters) throws {
        if let minimum = try minimumTime(parameters), time >= minimum { return }
        guard let spacing = parameters.leastSpacing else {
            throw BlockViolation.timeTooOld(medianTimePast: try medianTimePast(), actual: time)
        }
        throw BlockViolation.timeTooSoon(parentTime: parent.time, spacing: spacing, actual: time)
    }
}
