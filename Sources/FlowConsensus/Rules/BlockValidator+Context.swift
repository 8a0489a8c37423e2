extension BlockValidator {
    /// Checks a header against the branch that it builds on: parent, height, bits, the three time rules, and the weights that
    /// its training starts from, where the parent's result is known.
    ///
    /// - Throws: a `BlockViolation`, or a fault of the context.
    public func checkContext(_ header: BlockHeader, context: some ChainContext) throws {
        guard header.previousHash == context.parentHash else {
            throw BlockViolation.parent(expected: context.parentHash, actual: header.previousHash)
        }
        guard let height = context.nextHeight, header.height == height else {
            throw BlockViolation.height(expected: UInt64(context.parent.height) + 1, actual: header.height)
        }
        let bits = try context.expectedBits(parameters)
        guard header.bits == bits else { throw BlockViolation.bits(expected: bits, actual: header.bits) }
        try TimeRules.check(
            time: header.time, height: height, medianTimePast: try context.medianTimePast(),
            parentTime: context.parent.time, periodStartTime: try context.periodStartTime(parameters),
            period: parameters.retargetPeriod)
        if let root = context.parentResultRoot, header.modelRoot != root {
            throw BlockViolation.modelRoot(expected: root, actual: header.modelRoot)
        }
    }

    /// Checks a header against the node's clock, in seconds since 1970. The verdict `timeTooNew` is not final.
    public func checkTime(_ header: BlockHeader, now: UInt64) throws(BlockViolation) {
        try TimeRules.checkFuture(time: header.time, now: now)
    }
}
