extension BlockValidator {
    /// Checks a header against the branch that it builds on: parent, height, bits, the lowest time, and the weights that its
    /// training starts from, where the parent's result is known.
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
        try context.checkMinimumTime(header.time, parameters)
        if let root = context.parentResultRoot, header.modelRoot != root {
            throw BlockViolation.modelRoot(expected: root, actual: header.modelRoot)
        }
    }

    /// Checks a header against the node's clock, in seconds since 1970. The verdict `timeTooNew` is not final: it holds
    /// until the violation's `due`.
    public func checkTime(_ header: BlockHeader, now: UInt64) throws(BlockViolation) {
        try TimeRules.checkFuture(time: header.time, now: now)
    }
}
