import FlowConsensus
import FlowCrypto
import FlowModel

extension Chainstate {
    /// Bytes that header, digests, counts and the coinbase may need.
    private var reservedSize: Int { 1_000 + 32 * Int(parameters.training.stepsPerBlock) }

    /// The next block on the tip, with the best paying transactions of the mempool.
    func blockTemplate() throws -> BlockTemplate {
        try checkSound()
        let tip = tree.tip
        guard let modelRoot = tip.resultRoot, let context = tree.context(on: tip.hash) else {
            throw NodeError(.unknownBlock, "there is no tip yet")
        }
        guard let height = context.nextHeight else { throw NodeError(.unknownBlock, "the chain has reached its last height") }
        var minimum = try context.medianTimePast() &+ 1
        if height % parameters.retargetPeriod == 0 {
            minimum = max(minimum, tip.header.time - min(tip.header.time, TimeRules.timewarpAllowance))
        }
        if let start = try context.periodStartTime(parameters) { minimum = max(minimum, start) }
        let chosen = mempool.selection(maximumSize: ConsensusLimits.blockSize - reservedSize)
        let fees = Amount.sum(chosen.map(\.fee)) ?? .zero
        return BlockTemplate(
            version: 1, previousHash: tip.hash, modelRoot: modelRoot, height: height, time: max(minimum, clock()),
            minimumTime: minimum, bits: try context.expectedBits(parameters), transactions: chosen,
            coinbaseValue: parameters.subsidy(at: height).adding(fees) ?? parameters.subsidy(at: height),
            keptStepsBefore: tip.keptSteps,
            learningRateUnits: environment.learningRates(height: height, keptStepsBefore: tip.keptSteps),
            stepsPerBlock: parameters.training.stepsPerBlock, firstPayingStep: parameters.training.firstPayingStep,
            corpusRoot: parameters.corpusRoot)
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
        emit(.relayable(hash: hash))
        try takeOver(result, hash: hash)
        try followBest()
        return tree[hash]?.isConnected == true ? .connected : .sideChain
    }
}
