public import FlowCrypto

/// The rules for blocks of one network.
///
/// The order in which a node applies them: `checkForm`, `checkContext` and `checkTime`, `checkDigestChain`, `connect`, and last the replay
/// of the training, which costs the most and is the caller's: it knows a model. `connect` has two halves, `connectCoins` and
/// `verifySignatures`, between which a node may replay the first step. A `BlockViolation` says that the block is invalid; any other
/// error that a function throws is a fault of the store or the index, and says nothing about the block. The genesis block is not
/// checked: it is compared with `ChainParameters.genesisBlock`.
public struct BlockValidator: Sendable {
    public let parameters: ChainParameters
    public let genesisHash: Hash256
    private let limit: UInt256

    public init(parameters: ChainParameters) {
        self.parameters = parameters
        genesisHash = parameters.genesisHash
        limit = parameters.powLimit.target ?? .zero
    }

    /// For which chain and rules the signatures of a block at a height are made.
    public func signatureDomain(at height: BlockHeight) -> SignatureDomain {
        SignatureDomain(genesisHash: genesisHash, rulesRoot: parameters.rulesRoot(at: height))
    }

    /// Checks what needs nothing but the header: version, steps, bits and the hash against its target.
    ///
    /// - Parameter hash: of the header, where the caller knows it.
    func checkHeader(_ header: BlockHeader, hash: Hash256? = nil) throws(BlockViolation) {
        try checkVersion(header)
        let training = parameters.training(at: header.height)
        guard header.steps >= training.firstPayingStep, header.steps <= training.stepsPerBlock else {
            throw .stepCount(
                least: training.firstPayingStep, most: training.stepsPerBlock, actual: header.steps)
        }
        try checkBits(header)
        let hash = hash ?? header.hash
        guard header.bits.isMet(by: hash) else { throw .hashAboveTarget(hash: hash, bits: header.bits) }
    }

    private func checkBits(_ header: BlockHeader) throws(BlockViolation) {
        guard let target = header.bits.target, target <= limit else { throw .invalidBits(header.bits) }
    }

    private func checkVersion(_ header: BlockHeader) throws(BlockViolation) {
        let version = parameters.amendments.blockVersion(at: header.height)
        guard header.version == version else {
            throw .version(
                expected: version, actual: header.version, height: header.height,
                amendmentsInForce: parameters.amendments.inForce(at: header.height).count)
        }
    }

    /// Checks what needs nothing but the block: the header, the cost, the Merkle root, the coinbase's place and form, the form of
    /// all transactions.
    public func checkForm(_ block: Block) throws(BlockViolation) {
        try checkHeader(block.header)
        try checkBody(block)
    }

    private func checkBody(_ block: Block) throws(BlockViolation) {
        let cost = block.cost
        guard cost <= ConsensusLimits.blockCost else { throw .cost(limit: ConsensusLimits.blockCost, actual: cost) }
        guard block.stepDigests.count == Int(block.header.steps) else {
            throw .digestCount(expected: block.header.steps, actual: block.stepDigests.count)
        }
        guard let coinbase = block.transactions.first else { throw .noTransactions }
        let root = block.computedMerkleRoot
        guard root == block.header.merkleRoot else {
            throw .merkleRoot(expected: root, actual: block.header.merkleRoot)
        }
        try checkCoinbase(coinbase, height: block.header.height)
        var seen: Set<Hash256> = []
        for (index, transaction) in block.transactions.enumerated() {
            guard index == 0 || !transaction.isCoinbase else { throw .secondCoinbase(index: index) }
            do {
                try TransactionRules.checkForm(transaction)
            } catch {
                throw .transaction(index: index, error)
            }
            let txid = transaction.txid
            guard seen.insert(txid).inserted else { throw .duplicateTransaction(index: index, txid: txid) }
        }
    }

    /// Checks a block that nobody has trained or mined yet (BIP-23, block proposal): everything but its steps, its ticket and its digests, and nothing is kept.
    ///
    /// - Parameter now: the node's clock, in seconds since 1970
    /// - Throws: a `BlockViolation`, or a fault of the coins or the context.
    public func checkProposal(_ block: Block, coins: some CoinView, context: some ChainContext, now: UInt64) throws {
        try checkVersion(block.header)
        try checkBits(block.header)
        try checkBody(block)
        try checkContext(block.header, context: context)
        try checkTime(block.header, now: now)
        _ = try connect(block, coins: coins, context: context)
    }

    private func checkCoinbase(_ coinbase: Transaction, height: BlockHeight) throws(BlockViolation) {
        guard coinbase.isCoinbase else { throw .firstNotCoinbase }
        // At height 0 nothing fits; no valid block but the genesis block has it.
        guard height > 0, coinbase.lockTime == height - 1 else {
            throw .coinbaseLockTime(expected: height == 0 ? 0 : height - 1, actual: coinbase.lockTime)
        }
        guard coinbase.inputs.allSatisfy({ $0.sequence != TransactionInput.finalSequence }) else {
            throw .coinbaseSequence
        }
    }

    /// Checks that the step digests chain to the header's delta hash. If they do not, the body was changed on the way: drop
    /// it, and do not condemn the hash.
    public func checkDigestChain(_ block: Block) throws(BlockViolation) {
        guard block.stepDigests.count == Int(block.header.steps) else {
            throw .digestCount(expected: block.header.steps, actual: block.stepDigests.count)
        }
        let end = DigestChain.end(
            modelRoot: block.header.modelRoot, workSeed: parameters.workSeed(of: block.header),
            stepDigests: block.stepDigests)
        guard end == block.header.deltaHash else {
            throw .digestChain(expected: end, actual: block.header.deltaHash)
        }
    }
}
