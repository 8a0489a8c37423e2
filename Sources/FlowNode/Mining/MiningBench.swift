import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor

/// What searches for a ticket: trainer and threads, used by one thread at a time.
final class MiningBench {
    private let environment: TrainingEnvironment
    private let trainer: StageTrainer
    private let driver = TrajectoryDriver()
    private var nextNonce: UInt64

    /// - Parameter nonce: the one before the first that is tried
    init(environment: TrainingEnvironment, nonce: UInt64 = .random(in: 0 ... .max)) {
        self.environment = environment
        nextNonce = nonce
        trainer = StageTrainer(environment: environment)
    }

    /// Trains one trajectory after another until one step's hash meets the target.
    /// - Returns: nil when the job is stale or its time or the budget is over
    /// - Throws: `LocalFault`
    func search(
        _ job: (template: BlockTemplate, weights: ModelState), paying program: LockProgram, stale: CancellationFlag,
        clock: () -> UInt64, tally: MiningTally
    ) throws -> Block? {
        let started = clock()
        var block = job.template.block(paying: program)
        while !stale.isCancelled, clock() < started &+ MiningLoop.templateSeconds, tally.takeAttempt() {
            nextNonce &+= 1
            block.header.nonce = nextNonce
            if let found = try trajectory(block, job: job, stale: stale, tally: tally) { return found }
        }
        return nil
    }

    private func trajectory(
        _ block: Block, job: (template: BlockTemplate, weights: ModelState), stale: CancellationFlag, tally: MiningTally
    ) throws -> Block? {
        let template = job.template
        var candidate = block
        candidate.header.steps = 0
        candidate.header.deltaHash = .zero
        candidate.stepDigests = []
        let trainer = trainer.trainer(environment.stage(at: template.height))
        let trajectory = driver.begin(
            environment.job(candidate.header, parent: job.weights), trainer: trainer)
        defer { driver.reuse(trajectory) }
        do {
            let end = try driver.run(trajectory, isCancelled: { stale.isCancelled }) { step in
                candidate.stepDigests.append(step.digest)
                candidate.header.steps = UInt32(step.index)
                candidate.header.deltaHash = step.deltaHash
                tally.step(
                    isTicket: step.isTicket, tokens: trainer.configuration.tokensPerBatch, height: template.height, loss: step.report.loss)
                return !(step.isTicket && candidate.header.meetsTarget)
            }
            guard end == .stopped else { return nil }
            // A replay reads the same text, so it would find the same digests: only the corpus root says whether others read it too.
            try trajectory.job.sampler.checkPieces(workSeed: trajectory.job.workSeed, steps: candidate.stepDigests.indices.lazy.map { UInt32($0 + 1) })
        } catch {
            throw LocalFault(error)
        }
        return candidate
    }
}
