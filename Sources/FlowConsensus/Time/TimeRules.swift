/// The rules on a block's time that need nothing but numbers: Bitcoin's median rule and the two rules of BIP-54.
public enum TimeRules {
    /// How far a period's first block may lie before the last block of the period before (BIP-54), in seconds.
    public static let timewarpAllowance: UInt64 = 7_200
    /// How far ahead of a node's own clock a block may be, in seconds.
    public static let futureAllowance: UInt64 = 7_200

    /// Checks `time` of a block at `height`.
    ///
    /// - Parameters:
    ///   - medianTimePast: of the eleven blocks before it.
    ///   - parentTime: of the block before it.
    ///   - periodStartTime: of the first block of its retarget period; needed at the period's last height only.
    ///   - period: blocks between two retargets.
    /// - Throws: `timeTooOld`, `timewarp` or `periodEndsBeforeStart`.
    public static func check(
        time: UInt64, height: BlockHeight, medianTimePast: UInt64, parentTime: UInt64, periodStartTime: UInt64?,
        period: UInt32
    ) throws(BlockViolation) {
        guard time > medianTimePast else {
            throw .timeTooOld(medianTimePast: medianTimePast, actual: time)
        }
        guard period > 1 else { return }
        if height % period == 0 {
            // parentTime − time, without going below zero.
            guard time >= parentTime || parentTime - time <= timewarpAllowance else {
                throw .timewarp(parentTime: parentTime, actual: time)
            }
        }
        if height % period == period - 1, let periodStartTime {
            guard time >= periodStartTime else {
                throw .periodEndsBeforeStart(startTime: periodStartTime, actual: time)
            }
        }
    }

    /// Checks a block's time against the node's clock. The verdict is not final: later the block may be accepted.
    public static func checkFuture(time: UInt64, now: UInt64) throws(BlockViolation) {
        guard time <= now || time - now <= futureAllowance else {
            throw .timeTooNew(now: now, actual: time)
        }
    }
}
