import FlowConsensus
import FlowCrypto
import FlowModel

extension Chainstate {
    /// What header, digests, counts and the coinbase may cost.
    private static func reservedCost(_ training: TrainingParameters) -> Int { 1_000 + 32 * Int(training.stepsPerBlock) }

    /// What a node would say of a block on the tip that nobody has trained or mined yet (BIP-22, BIP-23).
    /// - Returns: nil where it keeps all rules that do not depend on its training, else the reason
    func refusal(ofProposal block: Block) throws -> String? {
        try checkSound()
        let hash = block.hash
        if let known = tree[hash] { return known.isReplayed ? "duplicate" : "duplicate-inconclusive" }
        if tree.condemned(hash) != nil { return "duplicate-invalid" }
        guard block.header.previousHash == tree.tip.hash, let context = tree.context(on: tree.tip.hash) else { return "inconclusive-not-best-prevblk" }
        do {
            try validator.checkProposal(block, coins: store, context: context, now: clock())
            return nil
        } catch let violation as BlockViolation {
            return violation.identifier
        }
    }

    /// The next block on the tip.
    /// - Parameter given: what stands in it; nil for the best paying transactions of the mempool
    func blockTemplate(holding given: [MempoolEntry]? = nil) throws -> BlockTemplate {
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
        let chosen = given ?? mempool.selection(
            maximumCost: ConsensusLimits.blockCost - Self.reservedCost(training), maximumSignatureChecks: ConsensusLimits.signatureChecks)
        let fees = Amount.sum(chosen.map(\.fee)) ?? .zero
        return BlockTemplate(
            version: parameters.amendments.blockVersion(at: height), previousHash: tip.hash, modelRoot: modelRoot, height: height, time: max(minimum, now),
            minimumTime: minimum, bits: try context.expectedBits(parameters), transactions: chosen,
            coinbaseValue: parameters.subsidy(at: height).adding(fees) ?? parameters.subsidy(at: height),
            learningRateUnits: parameters.learningRateUnits(at: height),
            stepsPerBlock: training.stepsPerBlock, firstPayingStep: training.firstPayingStep,
            corpus: parameters.corpus(at: height), rulesRoot: parameters.rulesRoot(at: height))
    }
}
