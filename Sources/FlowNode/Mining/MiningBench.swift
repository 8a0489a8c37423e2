import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor

/// What searches for a ticket: trainer and threads, used by one thread at a time.
final class MiningBench {
    private let environment: TrainingEnvironment
    private let trainer: StageTrainer
    /// One trajectory's memory serves all nonces.
    private var current: Trajectory?
    private var nextNonce = UInt64.random(in: 0 ... .max)

    init(environment: TrainingEnvironment) {
        self.environment = environment
        trainer = StageTrainer(environment: environment)
    }

    /// Trains one trajectory after another until one step's hash meets the target.
    /// - Returns: nil when the job is stale or its time or the budget is over
    func search(
        _ job: (template: BlockTemplate, weights: ModelState), paying program: LockProgram, stale: CancellationFlag,
        clock: () -> UInt64, tally: MiningTally
    ) throws -> (block: Block, result: ReplayResult)? {
        let started = clock()
        var block = job.template.block(paying: program)
        while !stale.isCancelled, clock() < started &+ MiningLoop.templateSeconds, tally.takeAttempt() {
            nextNonce &+= 1
            block.header.nonce = nextNonce
            if let result = try trajectory(&block, job: job, stale: stale, tally: tally) { return (block, result) }
        }
        return nil
    }

    private func begin(_ job: TrajectoryJob, height: BlockHeight) -> Trajectory {
        let trainer = trainer.trainer(environment.stage(at: height))
        if let current, current.trainer === trainer {
            current.restart(job)
            return current
        }
        let new = Trajectory(job, trainer: trainer)
        current = new
        return new
    }

    private func trajectory(
        _ block: inout Block, job: (template: BlockTemplate, weights: ModelState), stale: CancellationFlag, tally: MiningTally
    ) throws -> ReplayResult? {
        let template = job.template
        block.header.steps = 0
        block.header.deltaHash = .zero
        block.stepDigests = []
        let trajectory = begin(
            environment.job(block.header, parent: job.weights, keptStepsBefore: template.keptStepsBefore), height: template.height)
        var losses: [Double] = []
        for index in 1...template.stepsPerBlock {
            if stale.isCancelled { return nil }
            let step: TrajectoryStep
            do throws(StepFault) { step = try trajectory.advance() } catch {
                // The step has no result, so this trajectory draws no more tickets.
                if error.isConsensus { return nil }
                throw NodeError(.localFault, "a training step failed", cause: error)
            }
            losses.append(step.report.loss)
            block.stepDigests.append(step.digest)
            block.header.steps = index
            block.header.deltaHash = step.deltaHash
            tally.step(
                isTicket: step.isTicket, tokens: trajectory.trainer.configuration.tokensPerBatch, height: template.height,
                loss: step.report.loss)
            guard step.isTicket, block.header.meetsTarget else { continue }
            return try ReplayResult(
                weights: trajectory.weights, parent: job.weights, height: template.height, losses: losses, trainer: trainer)
        }
        return nil
    }
}
