import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowNode
import FlowTensor
import FlowTraining
import Foundation

/// Makes blocks, honest ones and forged ones, as an attacker on his own machine would.
final class Forge {
    let parameters: ChainParameters
    private let sampler: BatchSampler
    private let trainer: Trainer
    private let pool: ThreadPool
    private let driver = TrajectoryDriver()
    private var nonce = UInt64.random(in: 0 ... .max)

    /// The state that the next block starts from.
    private(set) var parent: BlockHeader
    private(set) var weights: ModelState

    init(_ parameters: ChainParameters) throws {
        self.parameters = parameters
        pool = ThreadPool(threads: 2)
        let configuration = try ModelConfiguration(parameters)
        sampler = try BatchSampler(
            corpus: SyntheticCorpus(length: parameters.corpusLength), contextLength: configuration.contextLength,
            batchSize: configuration.batchSize)
        trainer = Trainer(configuration: configuration, backend: try BackendChoice.automatic.admission().backend, pool: pool)
        parent = parameters.genesisBlock.header
        weights = ModelState(initialising: configuration, seed: parameters.training.initialisationSeed, pool: pool)
    }

    /// Processor seconds that an honest miner pays for the first steps of a trajectory with their digests, measured now and after a rest, as they come
    /// to a node that waits for blocks: caches are cold and threads asleep.
    func price(steps: Int) async throws -> Double {
        guard steps > 0 else { return 0 }
        let rounds = max(2, 8 / steps)
        var seconds = 0.0
        for _ in 0..<rounds {
            try await Task.sleep(for: .milliseconds(300))
            let (template, start) = (block(), processorSeconds())
            _ = try digests(template, count: steps)
            seconds += processorSeconds() - start
        }
        return seconds / Double(rounds)
    }

    /// A block on the parent without its ticket; another seed each time.
    func block(padding: Int = 0) -> Block {
        nonce &+= 1
        let height = parent.height + 1
        let program = LockProgram(version: 0, bytes: [UInt8](repeating: 7, count: 20))
        var transactions = [
            Transaction.coinbase(
                height: height, outputs: [TransactionOutput(value: parameters.subsidy(at: height), program: program)], data: Array("\(nonce)".utf8))
        ]
        var size = 0
        while size < padding {
            // Spends what nobody has: as large as a block may be, and cheap to make.
            let filler = Transaction(
                inputs: (0..<200).map { TransactionInput(outPoint: OutPoint(txid: Keccak256.hash(Array("\(nonce) \(size) \($0)".utf8)), index: 0), sequence: 0) },
                outputs: [TransactionOutput(value: Amount(haruki: 1_000), program: program)], lockTime: 0)
            size += filler.encodedLength
            transactions.append(filler)
        }
        let header = BlockHeader(
            previousHash: parent.hash, merkleRoot: BlockMerkle.root(transactions), modelRoot: weightsRoot, height: height,
            time: parent.time + UInt64(parameters.blockInterval), bits: parameters.powLimit, nonce: nonce, steps: 0, deltaHash: .zero)
        return Block(header: header, stepDigests: [], transactions: transactions)
    }

    private lazy var weightsRoot: Hash256 = weights.root(pool: pool)

    private func job(_ block: Block) -> TrajectoryJob {
        let training = parameters.training
        return TrajectoryJob(
            parent: weights, modelRoot: block.header.modelRoot, workSeed: parameters.workSeed(of: block.header),
            stepsPerBlock: Int(training.stepsPerBlock), firstPayingStep: Int(training.firstPayingStep),
            learningRateUnits: parameters.learningRateUnits(at: block.header.height), sampler: sampler)
    }

    /// The true digests of a block's first steps.
    func digests(_ block: Block, count: Int) throws -> [Hash256] {
        guard count > 0 else { return [] }
        var found: [Hash256] = []
        let trajectory = driver.begin(job(block), trainer: trainer)
        defer { driver.reuse(trajectory) }
        _ = try driver.run(trajectory) { step in
            found.append(step.digest)
            return found.count < count
        }
        return found
    }

    /// Chains digests whose last ones are invented, until the ticket wins.
    func sealed(_ original: Block, digests: [Hash256], inventing count: Int) -> Block {
        var block = original
        block.stepDigests = digests + (0..<count).map { _ in Keccak256.hash(Array("\(UInt64.random(in: 0 ... .max))".utf8)) }
        block.header.steps = UInt32(block.stepDigests.count)
        while true {
            block.header.deltaHash = DigestChain.end(
                modelRoot: block.header.modelRoot, workSeed: parameters.workSeed(of: block.header),
                stepDigests: block.stepDigests)
            if block.header.meetsTarget { return block }
            block.stepDigests[block.stepDigests.count - 1] = Keccak256.hash(block.header.deltaHash.bytes)
        }
    }

    /// A block whose digest of `step` is the first false one.
    func forgery(atStep step: Int, on original: Block? = nil, known: [Hash256]? = nil, padding: Int = 0) throws -> Block {
        let block = original ?? self.block(padding: padding)
        let digests = try known ?? digests(block, count: step - 1)
        let least = max(step, Int(parameters.training.firstPayingStep))
        return sealed(block, digests: digests, inventing: least - digests.count)
    }

    /// Mines an honest block and goes on from it.
    func mine() throws -> Block {
        while true {
            var block = block()
            let trajectory = driver.begin(job(block), trainer: trainer)
            defer { driver.reuse(trajectory) }
            let end = try driver.run(trajectory) { step in
                block.stepDigests.append(step.digest)
                block.header.steps = UInt32(step.index)
                block.header.deltaHash = step.deltaHash
                return !(step.isTicket && block.header.meetsTarget)
            }
            guard end == .stopped else { continue }
            if case .invalidStep = try driver.run(trajectory, body: { _ in true }) { try trajectory.rewind() }
            weights = trajectory.weights.copy()
            weightsRoot = weights.root(pool: pool)
            parent = block.header
            return block
        }
    }
}

/// Seconds of processor time that this process has used.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
