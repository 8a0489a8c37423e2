@testable import FlowConsensus
import FlowCrypto
import FlowEncoding

/// A chain in memory whose "training" is a hash, so that the rules can be tested without a model.
struct TestChain {
    var parameters: ChainParameters
    let validator: BlockValidator
    var context: HeaderChain
    var coins = CoinTable()
    var blocks: [Block] = []

    static let key = try! Ed25519.PrivateKey(seed: [UInt8](repeating: 7, count: 32))
    static let otherKey = try! Ed25519.PrivateKey(seed: [UInt8](repeating: 8, count: 32))
    static let program = LockProgram(publicKey: key.publicKey)

    /// Half of all tickets win; two to four steps a block; the target never moves.
    static let parameters: ChainParameters = {
        var parameters = ChainParameters.regtest
        parameters.name = "test"
        parameters.powLimit = CompactTarget(bits: 0x207f_ffff)
        parameters.training.stepsPerBlock = 4
        parameters.training.firstPayingStep = 2
        return parameters
    }()

    /// 105 blocks, so the coinbases of blocks 1 to 6 can be spent in block 106.
    static let mature: TestChain = {
        var chain = TestChain()
        for _ in 0..<105 { try! chain.accept(chain.makeBlock()) }
        return chain
    }()

    /// Twelve blocks of a chain that retargets, half an hour apart.
    static let spaced: TestChain = {
        var parameters = Self.parameters
        parameters.retargets = true
        var chain = TestChain(parameters: try! parameters.validated())
        for _ in 1...12 { try! chain.accept(chain.makeBlock(time: chain.context.parent.time + 1_800)) }
        return chain
    }()

    /// As many blocks as `mature`, the last ones under other rules.
    static let amended: TestChain = {
        var parameters = Self.parameters
        parameters.amendments = [Amendment(height: 103, stepsPerBlock: 6, firstPayingStep: 3)]
        var chain = TestChain(parameters: try! parameters.validated())
        for _ in 0..<105 { try! chain.accept(chain.makeBlock()) }
        return chain
    }()

    init(parameters: ChainParameters = Self.parameters) {
        self.parameters = parameters
        validator = BlockValidator(parameters: parameters)
        context = HeaderChain(genesis: parameters.genesisBlock.header)
    }

    var nextHeight: BlockHeight { context.parent.height + 1 }

    // MARK: Training made of hashes

    static func digest(workSeed: Hash256, step: UInt32) -> Hash256 {
        var writer = ByteWriter()
        writer.write(bytes: workSeed.bytes)
        writer.write(step)
        return Keccak256.hash(writer.bytes)
    }

    static func result(of header: BlockHeader) -> Hash256 {
        Keccak256.hash(header.modelRoot.bytes + header.deltaHash.bytes)
    }

    /// What a node knows of a header's trajectory once it has replayed it.
    func trained(_ header: BlockHeader) -> KnownDigests.Trajectory {
        let seed = parameters.workSeed(of: header)
        return KnownDigests.Trajectory(digests: (0..<max(header.steps, 4)).map { Self.digest(workSeed: seed, step: $0 + 1) })
    }

    /// Compares a block's digests with what is known of its trajectory, as a node does.
    func checkTraining(_ block: Block, known: KnownDigests.Trajectory) throws(BlockViolation) {
        var digests = KnownDigests()
        let seed = parameters.workSeed(of: block.header)
        digests.learn(known, seed: seed)
        switch digests.judge(block.stepDigests, seed: seed) {
        case .agrees: return
        case let .wrongDigest(step, expected, actual): throw .training(step: step, expected: expected, actual: actual)
        case let .endsTrajectory(step, reason): throw .trainingStep(step: step, reason: reason)
        }
    }

    // MARK: Making blocks

    /// A valid block on top; `edit` changes it before it is mined.
    func makeBlock(
        _ transactions: [Transaction] = [], reward: Amount? = nil, time: UInt64? = nil, steps: UInt32? = nil,
        edit: (inout Block) -> Void = { _ in }
    ) -> Block {
        let height = nextHeight
        let coinbase = Transaction.coinbase(
            height: height,
            outputs: [TransactionOutput(value: reward ?? parameters.subsidy(at: height), program: Self.program)])
        let header = BlockHeader(
            version: parameters.amendments.blockVersion(at: height), previousHash: context.parentHash, merkleRoot: .zero, modelRoot: context.parentResultRoot ?? .zero,
            height: height, time: time ?? context.parent.time + 600, bits: try! context.expectedBits(parameters),
            nonce: 0, steps: 0, deltaHash: .zero)
        var block = Block(header: header, stepDigests: [], transactions: [coinbase] + transactions)
        edit(&block)
        return mined(block, steps: steps)
    }

    /// Finds a nonce; with `steps`, only that step counts. `change` may spoil the digests. Bits that are no target are left alone.
    func mined(
        _ original: Block, steps: UInt32? = nil, change: (inout [Hash256]) -> Void = { _ in }
    ) -> Block {
        var block = original
        block.header.merkleRoot = block.computedMerkleRoot
        let training = parameters.training(at: block.header.height)
        let range = steps.map { $0...$0 } ?? training.firstPayingStep...training.stepsPerBlock
        while true {
            let seed = parameters.workSeed(of: block.header)
            var digests: [Hash256] = []
            for step in 1...max(range.upperBound, 1) where step <= range.upperBound {
                digests.append(Self.digest(workSeed: seed, step: step))
            }
            change(&digests)
            for count in range {
                block.stepDigests = Array(digests.prefix(Int(count)))
                block.header.steps = count
                block.header.deltaHash = DigestChain.end(
                    modelRoot: block.header.modelRoot, workSeed: seed, stepDigests: block.stepDigests)
                if block.header.meetsTarget || block.header.bits.target == nil { return block }
            }
            block.header.nonce += 1
        }
    }

    /// Spends an output of block `height`'s coinbase.
    func spend(
        coinbaseAt height: Int, to outputs: [TransactionOutput]? = nil, fee: Int64 = 0, version: UInt32 = 2,
        sequence: UInt32 = TransactionInput.finalSequence, lockTime: UInt32 = 0
    ) -> Transaction {
        let coinbase = blocks[height - 1].transactions[0]
        let outPoint = OutPoint(txid: coinbase.txid, index: 0)
        let value = Amount(haruki: coinbase.outputs[0].value.haruki - fee)
        return signed(
            Transaction(
                version: version, inputs: [TransactionInput(outPoint: outPoint, sequence: sequence)],
                outputs: outputs ?? [TransactionOutput(value: value, program: Self.program)], lockTime: lockTime),
            spent: [coinbase.outputs[0]])
    }

    /// Signs every input with `key`.
    func signed(
        _ transaction: Transaction, spent: [TransactionOutput], key: Ed25519.PrivateKey = Self.key
    ) -> Transaction {
        var result = transaction
        let message = SignatureHash(
            transaction: transaction, spentOutputs: spent, domain: validator.signatureDomain(at: nextHeight))
        result.witnesses = transaction.inputs.indices.map { index in
            Witness(
                publicKey: key.publicKey, signature: key.sign(message.digest(input: UInt32(index)).bytes))
        }
        return result
    }

    // MARK: Checking blocks

    /// All checks in the order in which a node applies them.
    @discardableResult
    func check(
        _ block: Block, coins: CoinTable? = nil, known: KnownDigests.Trajectory? = nil, now: UInt64? = nil
    ) throws -> BlockConnection {
        try validator.checkForm(block)
        try validator.checkContext(block.header, context: context)
        try validator.checkTime(block.header, now: now ?? block.header.time)
        try validator.checkDigestChain(block)
        let connection = try validator.connect(block, coins: coins ?? self.coins, context: context)
        try checkTraining(block, known: known ?? trained(block.header))
        return connection
    }

    mutating func accept(_ block: Block) throws {
        let connection = try check(block)
        coins.apply(connection.changes)
        context.append(block.header, resultRoot: Self.result(of: block.header))
        blocks.append(block)
    }

    /// The name of the rule that the checks report; nil when they pass.
    static func broken(_ checks: () throws -> Void) -> String? {
        do {
            try checks()
            return nil
        } catch let violation as BlockViolation {
            return violation.identifier
        } catch let violation as TransactionViolation {
            return violation.identifier
        } catch {
            return "fault: \(error)"
        }
    }

    func broken(
        _ block: Block, coins: CoinTable? = nil, known: KnownDigests.Trajectory? = nil, now: UInt64? = nil
    ) -> String? {
        Self.broken { try check(block, coins: coins, known: known, now: now) }
    }
}
