import FlowConsensus
import FlowCrypto
import FlowModel

extension Chainstate {
    /// What header, digests, counts and the coinbase may cost.
    private static func reservedCost(_ training: TrainingParameters) -> Int { 1_000 + 32 * Int(training.stepsPerBlock) }

    /// The next block on the tip, with the best paying transactions of the mempool.
    func blockTemplate() throws -> BlockTemplate {
        try checkSound()
        let tip = tree.tip
        guard let modelRoot = tip.resultRoot, let context = tree.context(on: tip.hash) else {
            throw NodeError(.unknownBlock, "there is no tip yet")
        }
        guard let height = context.nextHeight else { throw NodeError(.unknownBlock, "the chain has reached its last height") }
        guard let minimum = try context.minimumTime(parameters) else {
            throw NodeError(.unknownBlock, "no time is left after the tip's, \(tip.header.time)")
        }
        let now = clock()
        guard TimeRules.due(time: minimum) <= now else {
            throw NodeError(
                .notDue, "the next block's time is at least \(minimum), more than \(TimeRules.futureAllowance) s ahead of the clock, \(now); wait \(TimeRules.due(time: minimum) - now) s")
        }
        let training = parameters.training(at: height)
        let chosen = mempool.selection(
            maximumCost: ConsensusLimits.blockCost - Self.reservedCost(training), maximumSignatureChecks: ConsensusLimits.signatureChecks)
        let fees = Amount.sum(chosen.map(\.fee)) ?? .zero
        return BlockTemplate(
            version: parameters.amendments.blockVersion(at: height), previousHash: tip.hash, modelRoot: modelRoot, height: height, time: max(minimum, now),
            minimumTime: minimum, bits: try context.expectedBits(parameters), transactions: chosen,
            coinbaseValue: parameters.subsidy(at: height).adding(fees) ?? parameters.subsidy(at: height),
            keptStepsBefore: tip.keptSteps,
            learningRateUnits: environment.learningRates(height: height, keptStepsBefore: tip.keptSteps),
            stepsPerBlock: training.stepsPerBlock, firstPayingStep: training.firstPayingStep,
            corpus: parameters.corpus(at: height), rulesRoot: parameters.rulesRoot(at: height))
    }

    /// Takes a block that this process mined, with the result of its training.
    func submitMined(_ block: Block, result: ReplayResult) throws -> BlockFate {
        let hash = block.hash
        if let fate = try accept(block, from: .local) { return fate }
        guard let parent = tree.parent(of: hash), parent.isReplayed else { return .orphan }
        do {
            try checkTransactions(block, on: parent)
        } catch let violation as BlockViolation {
            condemn(hash, violation)
            return fate(violation)
        }
        learn(block)
        emit(.relayable(hash: hash))
        try takeOver(result, hash: hash)
        try followBest()
        return tree[hash]?.isConnected == true ? .connected : .sideChain
    }
}
