public import FlowConsensus
public import FlowCrypto
import FlowEncoding
import FlowModel
import FlowNode
import FlowRPC
public import FlowTensor
import Foundation
public import ProgramSupport

/// A miner outside of the node: asks for templates, trains, hands in blocks.
///
/// The weights of the tip are fetched from the node and checked against the template's root; after a block of one's own the
/// miner goes on with the weights that it has just trained.
public final class RemoteMiner {
    private let client: RPCClient
    private let program: LockProgram
    private let setup: MinerSetup
    private let backend: any MatrixBackend
    private let pool: ThreadPool
    /// For the model that the chain trains at the template's height.
    private var trainer: Trainer
    private var sampler: BatchSampler?
    private var corpusRoot: Hash256?
    private let report: @Sendable (MinerReport) -> Void

    private var weights: ModelState?
    private var weightsRoot: Hash256?
    private let driver = TrajectoryDriver()
    private var nonce = UInt64.random(in: 0 ... .max)
    private var counts = MinerCounts()

    /// - Parameter report: told of each step and each block.
    public init(
        client: RPCClient, program: LockProgram, setup: MinerSetup,
        backend: any MatrixBackend, pool: ThreadPool, report: @escaping @Sendable (MinerReport) -> Void
    ) {
        self.client = client
        self.program = program
        self.setup = setup
        self.backend = backend
        self.pool = pool
        self.report = report
        trainer = Trainer(configuration: setup.configuration, backend: backend, pool: pool)
    }

    /// Mines until `count` blocks of this miner are on the chain; nil goes on until the task is cancelled.
    public func run(blocks count: Int?) async throws {
        var found = 0
        while count.map({ found < $0 }) ?? true {
            try Task.checkCancellation()
            let answer: JSONResult
            do {
                answer = try await client.call("getblocktemplate")
            } catch let failure as RPCFailure where failure.code == RPCError.notReadyCode {
                // Blocks came faster than their times may; the next one is due soon.
                try await Task.sleep(for: .seconds(1))
                continue
            }
            let template = try RemoteTemplate(answer, paying: program)
            try await prepareWeights(for: template)
            if try await search(template) { found += 1 }
        }
    }

    private func prepareWeights(for template: RemoteTemplate) async throws {
        try prepareStage(ModelConfiguration(setup.parameters, at: template.block.header.height), corpusRoot: template.corpusRoot)
        if weightsRoot == template.modelRoot { return }
        let bytes = try await client.fetch(path: "/rest/modelstate/\(template.modelRoot.displayHex).bin")
        let state = try ModelState(bytes: bytes, configuration: trainer.configuration)
        let root = state.root(pool: pool)
        guard root == template.modelRoot else {
            throw ProgramError(
                "The node's weights have root \(root), expected \(template.modelRoot): the answer is damaged, or the node follows other rules.")
        }
        weights = state
        weightsRoot = root
    }

    /// Where the chain's model or text changes, trainer and windows follow.
    private func prepareStage(_ configuration: ModelConfiguration, corpusRoot: Hash256) throws {
        let isSame = configuration == trainer.configuration
        if isSame, corpusRoot == self.corpusRoot { return }
        if !isSame { trainer = Trainer(configuration: configuration, backend: backend, pool: pool) }
        sampler = try setup.sampler(configuration, corpusRoot: corpusRoot)
        self.corpusRoot = corpusRoot
    }

    /// One template: trajectories until one wins, the tip moves, or the template is half a minute old.
    private func search(_ template: RemoteTemplate) async throws -> Bool {
        guard let parent = weights, let sampler else { return false }
        let stale = CancellationFlag()
        let watch = Self.watch(client, previous: template.block.header.previousHash, stale)
        defer { watch.cancel() }
        var block = template.block
        while !stale.isCancelled {
            nonce &+= 1
            block.header.nonce = nonce
            block.header.steps = 0
            block.header.deltaHash = .zero
            block.stepDigests = []
            let run = driver.begin(
                TrajectoryJob(
                    parent: parent, modelRoot: template.modelRoot,
                    workSeed: block.header.workSeed(rulesRoot: template.rulesRoot),
                    stepsPerBlock: template.stepsPerBlock, firstPayingStep: template.firstPayingStep,
                    learningRateUnits: template.learningRateUnits, sampler: sampler), trainer: trainer)
            defer { driver.reuse(run) }
            var started = ContinuousClock.now
            let end = try driver.run(run, isCancelled: { stale.isCancelled || Task.isCancelled }) { step in
                block.stepDigests.append(step.digest)
                block.header.steps = UInt32(step.index)
                block.header.deltaHash = step.deltaHash
                let now = ContinuousClock.now
                counts.add(step, tokens: trainer.configuration.tokensPerBatch, duration: now - started)
                started = now
                report(.step(height: block.header.height, loss: step.report.loss, counts))
                return !(step.isTicket && block.header.meetsTarget)
            }
            try Task.checkCancellation()
            if end == .stopped {
                // A node that reads the same damaged files could not tell.
                try sampler.checkPieces(workSeed: run.job.workSeed, steps: block.stepDigests.indices.lazy.map { UInt32($0 + 1) })
                return try await submit(block, run)
            }
            await Task.yield()
        }
        return false
    }

    private static func watch(_ client: RPCClient, previous: Hash256, _ stale: CancellationFlag) -> Task<Void, Never> {
        Task {
            for _ in 0..<60 where !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(500))
                guard !Task.isCancelled, let best = try? await client.call("getbestblockhash").string else { continue }
                if best != previous.displayHex { break }
            }
            stale.cancel()
        }
    }

    private func submit(_ block: Block, _ run: Trajectory) async throws -> Bool {
        let (client, hexadecimal) = (client, Hex.encode(block.encoded))
        async let submitted = client.call("submitblock", [.string(hexadecimal)])
        // While the node replays the block the training goes on to the trajectory's end: the next block starts from there.
        if case .invalidStep = try driver.run(run, isCancelled: { Task.isCancelled }, body: { _ in true }) { try run.rewind() }
        let answer = try await submitted
        guard answer.isNull else {
            report(.refused(height: block.header.height, reason: answer.string ?? "without a reason"))
            return false
        }
        weights = run.weights.copy()
        weightsRoot = run.weights.root(pool: pool)
        counts.blocks += 1
        let loss = try await client.call("getblockheader", [.string(block.header.hash.displayHex)])["heldoutloss"].double
        report(.found(
            height: block.header.height, hash: block.header.hash.displayHex, steps: Int(block.header.steps), heldOutLoss: loss,
            counts))
        return true
    }
}
