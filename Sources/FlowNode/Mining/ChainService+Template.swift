import FlowConsensus
import FlowCrypto
import FlowModel

extension ChainService {
    /// What header, digests, counts and the coinbase may cost.
    private var reservedCost: Int { 1_000 + 32 * Int(parameters.training.stepsPerBlock) }

    /// The next block on the tip, with the best paying transactions of the mempool.
    public func blockTemplate() throws -> BlockTemplate {
        try checkRunning()
        guard let tip = index.tip, let modelRoot = tip.resultRoot else { throw NodeError(.unknownBlock, "there is no tip yet") }
        let context = IndexContext(index: index, parentEntry: tip)
        guard let height = context.nextHeight else { throw NodeError(.unknownBlock, "the chain has reached its last height") }
        guard let minimum = try context.minimumTime(parameters) else {
            throw NodeError(.unknownBlock, "no time is left after the tip's, \(tip.header.time)")
        }
        let now = clock()
        guard TimeRules.due(time: minimum) <= now else {
            throw NodeError(
                .notDue, "the next block's time is at least \(minimum), more than \(TimeRules.futureAllowance) s ahead of the clock, \(now); wait \(TimeRules.due(time: minimum) - now) s")
        }
        let chosen = mempool.selection(
            maximumCost: ConsensusLimits.blockCost - reservedCost, maximumSignatureChecks: ConsensusLimits.signatureChecks)
        let fees = Amount.sum(chosen.map(\.fee)) ?? .zero
        return BlockTemplate(
            version: 1, previousHash: tip.hash, modelRoot: modelRoot, height: height, time: max(minimum, now),
            minimumTime: minimum, bits: try context.expectedBits(parameters), transactions: chosen,
            coinbaseValue: parameters.subsidy(at: height).adding(fees) ?? parameters.subsidy(at: height),
            keptStepsBefore: tip.keptSteps,
            learningRateUnits: environment.learningRates(height: height, keptStepsBefore: tip.keptSteps),
            stepsPerBlock: parameters.training.stepsPerBlock, firstPayingStep: parameters.training.firstPayingStep,
            corpusRoot: parameters.corpusRoot)
    }

    /// A template with the weights that its training starts from.
    func miningJob() throws -> (template: BlockTemplate, weights: ModelState) { (try blockTemplate(), model) }

    /// Takes a block that this process mined, with the result of its training.
    func submitMined(_ block: Block, result: ReplayResult) throws -> BlockFate {
        try checkRunning()
        let hash = block.hash
        if let fate = try place(block, hash: hash) { return fate }
        guard let entry = index[hash], let parent = index.parent(of: entry) else { return .orphan }
        do {
            try checkTransactions(block, on: parent)
        } catch let violation as BlockViolation {
            try condemn(hash, violation)
            return fate(violation)
        }
        send(.relayable(hash: hash))
        try takeOver(result, hash: hash, parent: parent)
        try connectReplayed()
        poke()
        return settledFate(hash) ?? .sideChain
    }
}
