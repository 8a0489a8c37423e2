import FlowConsensus
public import FlowCrypto
import FlowModel
public import FlowTensor
import ProgramSupport

/// One whole trajectory with a fixed seed, so that two machines, backends or thread counts can be compared in full.
public struct ConformanceRun: Sendable {
    public struct Step: Sendable {
        public let digest: Hash256
        public let deltaHash: Hash256
    }

    public let initialRoot: Hash256
    public let steps: [Step]
    /// Root of the weights after the last step.
    public let resultRoot: Hash256
    /// Root of the momentum's own bytes after the last step: every bit of it, not only what digests cover.
    public let momentumRoot: Hash256

    /// Trains S steps from the network's first weights under the work seed keccak256("flowcoin/conformance").
    public init(setup: MinerSetup, backend: any MatrixBackend, threads: Int) throws {
        let pool = ThreadPool(threads: threads)
        let training = setup.parameters.training
        let parent = ModelState(initialising: setup.configuration, seed: training.initialisationSeed, pool: pool)
        initialRoot = parent.root(pool: pool)
        let stepCount = Int(training.stepsPerBlock)
        let driver = TrajectoryDriver()
        let trajectory = driver.begin(
            TrajectoryJob(
                parent: parent, modelRoot: initialRoot, workSeed: Keccak256.hash(Array("flowcoin/conformance".utf8)),
                stepsPerBlock: stepCount, firstPayingStep: Int(training.firstPayingStep),
                learningRateUnits: setup.parameters.learningRateUnits(at: 1),
                sampler: try setup.sampler(setup.configuration, corpusRoot: setup.parameters.corpusRoot)),
            trainer: Trainer(configuration: setup.configuration, backend: backend, pool: pool))
        var steps: [Step] = []
        let end = try driver.run(trajectory) { step in
            steps.append(Step(digest: step.digest, deltaHash: step.deltaHash))
            return true
        }
        if case .invalidStep(let reason) = end { throw ProgramError("The conformance run ends after step \(steps.count): \(reason)") }
        self.steps = steps
        resultRoot = trajectory.weights.root(pool: pool)
        momentumRoot = trajectory.momentum.root(pool: pool)
    }

    /// The same text on every machine that gets the same bits.
    public var text: String {
        var lines = ["initial \(initialRoot)"]
        for (index, step) in steps.enumerated() { lines.append("step \(index + 1) digest \(step.digest) delta \(step.deltaHash)") }
        lines.append("momentum \(momentumRoot)")
        lines.append("result \(resultRoot)")
        return lines.joined(separator: "\n")
    }
}
