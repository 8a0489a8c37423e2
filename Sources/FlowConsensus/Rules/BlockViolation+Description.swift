extension BlockViolation: CustomStringConvertible {
    /// The rule's name, what was expected and what was found.
    public var description: String { "\(identifier): \(explanation)" }

    private var explanation: String {
        switch self {
        case let .version(expected, actual, height, count):
            "the version is \(actual), expected \(expected): the block was made under other amendments than the \(count) that this node has in force at height \(height); compare the networks' files"
        case let .stepCount(least, most, actual): "the block keeps \(actual) steps, expected \(least) to \(most)"
        case let .invalidBits(bits): "the bits \(bits) are no target within the network's limit"
        case let .hashAboveTarget(hash, bits): "the hash \(hash) exceeds the target of bits \(bits)"
        case let .parent(expected, actual): "the previous hash is \(actual), expected \(expected)"
        case let .height(expected, actual): "the height is \(actual), expected \(expected)"
        case let .bits(expected, actual): "the bits are \(actual), expected \(expected)"
        case let .timeTooOld(medianTimePast, actual):
            "the time is \(actual), expected more than the median time past \(medianTimePast)"
        case let .timeTooSoon(parentTime, spacing, actual):
            "the time is \(actual), expected at least \(spacing) s after the parent's \(parentTime)"
        case let .timeTooNew(now, actual):
            "the time \(actual) lies more than \(TimeRules.futureAllowance) s ahead of this node's clock, \(now); check the clock or wait until \(TimeRules.due(time: actual))"
        case let .modelRoot(expected, actual):
            "the training starts from weights with root \(actual), the parent's result, grown where this height calls for it, has \(expected)"
        case let .cost(limit, actual):
            "the block's bytes and \(ConsensusLimits.outputCost) for each output are \(actual), expected at most \(limit)"
        case let .digestCount(expected, actual): "the body holds \(actual) step digests, expected \(expected)"
        case .noTransactions: "the block has no transaction, expected at least the coinbase"
        case let .merkleRoot(expected, actual): "the header's Merkle root is \(actual), the transactions give \(expected)"
        case let .digestChain(expected, actual): "the header's delta hash is \(actual), the step digests give \(expected)"
        case .firstNotCoinbase: "the first transaction is no coinbase"
        case let .secondCoinbase(index): "transaction \(index) is a coinbase, expected only the first to be one"
        case let .coinbaseLockTime(expected, actual): "the coinbase's lock time is \(actual), expected \(expected)"
        case .coinbaseSequence: "the coinbase's sequence is ffffffff, expected any other"
        case let .duplicateTransaction(index, txid): "transaction \(index) repeats \(txid)"
        case let .transaction(index, violation): "in transaction \(index): \(violation)"
        case .feeTotal: "the fees are worth more than \(Amount.maxMoney) FLOW together"
        case let .coinbaseValue(limit, actual): "the coinbase takes \(actual) FLOW, expected at most \(limit)"
        case let .signatureChecks(limit, index):
            "up to transaction \(index) the block asks for more than \(limit) signature checks; leave transactions to the next block"
        case let .training(step, expected, actual):
            "step \(step) has the digest \(actual), the replay gives \(expected)"
        case let .trainingStep(step, reason): "step \(step) has no result: \(reason)"
        }
    }
}
