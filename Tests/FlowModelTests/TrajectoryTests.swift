import FlowCrypto
@testable import FlowModel
import FlowTensor
import FlowTensorOpenBLAS
import Synchronization
import Testing

@Suite struct TrajectoryTests {
    /// Everything that a trajectory produced, in full.
    struct Outcome: Equatable {
        var digests: [Hash256] = []
        var deltas: [Hash256] = []
        var losses: [Double] = []
        var weights: [UInt32] = []
        var momentum: [UInt32] = []
        var gradients: [UInt32] = []
        var root = Hash256.zero
    }

    static func bits(_ state: ModelState) -> [UInt32] {
        state.withUnsafeElements { $0.map(\.bitPattern) }
    }

    static func outcome(_ job: TrajectoryJob, backend: any MatrixBackend, pool: ThreadPool) throws -> Outcome {
        let trainer = Trainer(configuration: job.parent.configuration, backend: backend, pool: pool)
        let trajectory = Trajectory(job, trainer: trainer)
        var result = Outcome()
        while !trajectory.isFinished {
            let batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(trajectory.completedSteps + 1))
            result.gradients += bits(try trainer.gradients(weights: trajectory.weights, batch: batch).gradients)
            let step = try trajectory.advance()
            result.digests.append(step.digest)
            result.deltas.append(step.deltaHash)
            result.losses.append(step.report.loss)
            result.momentum += bits(trajectory.momentum)
            result.weights += bits(trajectory.weights)
        }
        result.root = trajectory.weights.root(pool: pool)
        return result
    }

    enum Shape: String, CaseIterable { case odd8, odd16, mixed }

    @Test(arguments: Shape.allCases) func everyBackendAndThreadCountGivesTheSameBits(shape: Shape) throws {
        let configuration =
            switch shape {
            case .odd8: try ModelFixture.odd()
            case .odd16: try ModelFixture.odd(bits: 16)
            case .mixed: try ModelFixture.mixedBits()
            }
        let job = try ModelFixture.job(configuration, steps: 4)
        let reference = try Self.outcome(job, backend: ReferenceBackend(), pool: .single)
        #expect(Set(reference.digests).count == 4)
        let backends: [any MatrixBackend] = try [ReferenceBackend(), OpenBLASBackend()] + InstructionSet.allCases.filter(\.isAvailable).map { try SIMDBackend($0) }
        for backend in backends {
            for pool in ModelFixture.pools {
                let other = try Self.outcome(job, backend: backend, pool: pool)
                #expect(other == reference, "\(backend.name) with \(pool.threads) threads")
            }
        }
    }

    @Test func regtestShapeAgreesWithTheReference() throws {
        let job = try ModelFixture.job(try ModelFixture.regtest(), steps: 1)
        let reference = try Self.outcome(job, backend: ReferenceBackend(), pool: ThreadPool(threads: 2))
        #expect(try Self.outcome(job, backend: OpenBLASBackend(), pool: .single) == reference)
        #expect(try Self.outcome(job, backend: SIMDBackend(), pool: ThreadPool(threads: 3)) == reference)
    }

    @Test func chainFollowsTheSpecification() throws {
        let c = try ModelFixture.odd()
        let job = try ModelFixture.job(c, steps: 3)
        let trajectory = Trajectory(job, trainer: Trainer(configuration: c, backend: OpenBLASBackend()))
        var delta = Keccak256.hash(Array("flowcoin/trajectory".utf8) + job.modelRoot.bytes + job.workSeed.bytes)
        #expect(trajectory.deltaHash == delta)
        while !trajectory.isFinished {
            let step = try trajectory.advance()
            #expect(step.digest == MomentumDigest.digest(trajectory.momentum))
            delta = Keccak256.hash(delta.bytes + step.digest.bytes)
            #expect(step.deltaHash == delta)
            #expect(step.index == trajectory.completedSteps)
        }
        #expect(job.parent.root() == job.modelRoot, "the parent is only read")
    }

    @Test func restartRepeatsTheTrajectory() throws {
        let c = try ModelFixture.odd()
        let first = try ModelFixture.job(c, steps: 2), second = try ModelFixture.job(c, steps: 2, seed: 2)
        let trainer = Trainer(configuration: c, backend: OpenBLASBackend())
        let trajectory = Trajectory(first, trainer: trainer)
        func run() throws -> [Hash256] {
            var deltas: [Hash256] = []
            while !trajectory.isFinished { deltas.append(try trajectory.advance().deltaHash) }
            return deltas
        }
        let a = try run()
        trajectory.restart(second)
        let b = try run()
        trajectory.restart(first)
        #expect(try run() == a)
        #expect(a != b)
    }

    @Test func payingStepsBeginAtTheFirstPayingStep() throws {
        let c = try ModelFixture.odd()
        let base = try ModelFixture.job(c, steps: 3)
        let job = TrajectoryJob(
            parent: base.parent, modelRoot: base.modelRoot, workSeed: base.workSeed, stepsPerBlock: 3, firstPayingStep: 2,
            learningRateUnits: base.learningRateUnits, sampler: base.sampler)
        let trajectory = Trajectory(job, trainer: Trainer(configuration: c, backend: OpenBLASBackend()))
        var tickets: [Bool] = []
        while !trajectory.isFinished { tickets.append(try trajectory.advance().isTicket) }
        #expect(tickets == [false, true, true])
    }

    @Test func cancellationStopsBetweenStepsAndLosesNothing() throws {
        let c = try ModelFixture.odd()
        let job = try ModelFixture.job(c, steps: 3)
        let stop = Atomic(false)
        let whole = try Self.outcome(job, backend: OpenBLASBackend(), pool: .single)
        try withExtendedLifetime(stop) {
            let trajectory = Trajectory(
                job, trainer: Trainer(configuration: c, backend: OpenBLASBackend()),
                isCancelled: CancellationFlag.shared.read)
            _ = try trajectory.advance()
            CancellationFlag.shared.set(true)
            #expect(throws: StepFault.cancelled) { try trajectory.advance() }
            #expect(!trajectory.isFinished)
            CancellationFlag.shared.set(false)
            _ = try trajectory.advance()
            #expect(try trajectory.advance().deltaHash == whole.deltas[2])
        }
    }

    @Test func aNumberThatIsNotFiniteEndsTheTrajectory() throws {
        let c = try ModelFixture.odd()
        for value in [Float.nan, .infinity, -.infinity] {
            let job = try ModelFixture.job(c, steps: 3)
            let trajectory = Trajectory(job, trainer: Trainer(configuration: c, backend: OpenBLASBackend()))
            _ = try trajectory.advance()
            trajectory.weights[c.tensors[2].offset + 5] = value
            let fault = #expect(throws: StepFault.self) { try trajectory.advance() }
            #expect(fault == .notFinite(stage: "the attention weights of layer 0"))
            #expect(fault?.isConsensus == true)
            #expect(trajectory.isFinished)
            #expect(trajectory.fault == fault)
        }
    }

    /// The step that fails has changed weights and momentum in part; what the steps before left comes back, and the end stays.
    @Test func aRewindBringsBackWhatTheStepsBeforeTheFaultLeft() throws {
        let c = try ModelFixture.odd()
        let job = try ModelFixture.job(c, steps: 4)
        let trajectory = Trajectory(job, trainer: Trainer(configuration: c, backend: OpenBLASBackend()))
        _ = try trajectory.advance()
        _ = try trajectory.advance()
        let (weights, momentum, delta) = (trajectory.weights.root(), trajectory.momentum.root(), trajectory.deltaHash)
        trajectory.weights[c.tensors[2].offset + 5] = .nan
        let driver = TrajectoryDriver()
        guard case .invalidStep = try driver.run(trajectory, body: { _ in true }) else {
            Issue.record("a step with NaN has a result")
            return
        }
        #expect(trajectory.weights.root() != weights)
        try trajectory.rewind()
        #expect(trajectory.weights.root() == weights && trajectory.momentum.root() == momentum && trajectory.deltaHash == delta)
        #expect(trajectory.completedSteps == 2 && trajectory.isFinished && trajectory.fault != nil)
    }

    @Test func anExponentAboveTheRangeEndsTheTrajectory() throws {
        let c = try ModelFixture.odd()
        let trainer = Trainer(configuration: c, backend: OpenBLASBackend())
        let batch = ModelFixture.batch(c, seed: 4)
        let large = ModelState(initialising: c, seed: 1)
        large[c.tensors[2].offset] = 0x1p50
        #expect(throws: StepFault.exponentAboveRange(stage: "the attention weights of layer 0", exponent: 44)) {
            try trainer.loss(weights: large, batch: batch)
        }
        // A gain that large reaches the quantiser of the activations.
        let gain = ModelState(initialising: c, seed: 1)
        gain[c.tensors[1].offset] = 0x1p60
        #expect(throws: StepFault.self) { try trainer.loss(weights: gain, batch: batch) }
    }

    @Test func argumentsThatDoNotFitAreNamed() throws {
        let c = try ModelFixture.odd()
        let trainer = Trainer(configuration: c, backend: OpenBLASBackend())
        let weights = ModelState(initialising: c, seed: 1), momentum = ModelState(zeros: c)
        let before = weights.copy()
        let short = TokenBatch(windows: 1, contextLength: 21, tokens: Array(repeating: 1, count: 22))
        #expect(throws: StepFault.batchShape(expectedWindows: 3, expectedContext: 21, windows: 1, context: 21)) {
            try trainer.step(weights: weights, momentum: momentum, batch: short, learningRateUnits: 1_024)
        }
        #expect(try trainer.loss(weights: weights, batch: short) > 0)
        let narrow = TokenBatch(windows: 3, contextLength: 20, tokens: Array(repeating: 1, count: 63))
        #expect(throws: StepFault.self) { try trainer.loss(weights: weights, batch: narrow) }
        let wrong = TokenBatch(windows: 3, contextLength: 21, tokens: Array(repeating: 258, count: 66))
        #expect(throws: StepFault.tokenOutOfRange(token: 258, vocabulary: 258)) {
            try trainer.step(weights: weights, momentum: momentum, batch: wrong, learningRateUnits: 1_024)
        }
        let other = ModelState(zeros: try ModelFixture.mixedBits())
        #expect(throws: StepFault.self) { try trainer.loss(weights: other, batch: short) }
        #expect(weights.hasSameBits(as: before))
    }
}

/// A switch that one test uses.
final class CancellationFlag: Sendable {
    static let shared = CancellationFlag()
    private let value = Atomic(false)
    func set(_ new: Bool) { value.store(new, ordering: .relaxed) }
    var read: @Sendable () -> Bool { { self.value.load(ordering: .relaxed) } }
}
