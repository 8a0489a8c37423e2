import FlowCrypto
import FlowEncoding
import FlowGGUF
@testable import FlowModel
import FlowTensor
import FlowTensorOpenBLAS
import Foundation
import TestSupport
import Testing

/// Whatever a host program set the processor to, and whenever: the reference's bits come out, and the program finds its own state behind each call.
@Suite struct HostStateTests {
    static var backends: [any MatrixBackend] {
        [ReferenceBackend(), OpenBLASBackend()] + InstructionSet.allCases.compactMap { try? SIMDBackend($0) }
    }

    @Test(arguments: HostState.withoutTraps) func trajectoriesHaveTheReferencesBits(state: HostState) throws {
        for name in ["tiny", "odd"] {
            let work = try VectorTrajectory(name)
            let poolOfBefore = ThreadPool(threads: 2)
            for backend in Self.backends {
                let run = try state.run {
                    try [ThreadPool.single, poolOfBefore, ThreadPool(threads: 2)].map { try work.lines(backend: backend, pool: $0) }
                }
                #expect(run.isKept && run.raisesNothing, "\(name), \(backend.name)")
                for lines in run.result { #expect(lines == work.expected, "\(name), \(backend.name)") }
            }
        }
    }

    /// In a process of its own: a trap ends it.
    @Test func nothingTraps() async {
        await #expect(processExitsWith: .success) {
            let work = try VectorTrajectory("tiny")
            let poolOfBefore = ThreadPool(threads: 2)
            for state in HostState.allCases where state.traps {
                for backend in HostStateTests.backends {
                    let run = try state.run {
                        try [ThreadPool.single, poolOfBefore, ThreadPool(threads: 2)].map { try work.lines(backend: backend, pool: $0) }
                    }
                    #expect(run.isKept && run.result.allSatisfy { $0 == work.expected }, "\(state), \(backend.name)")
                }
                let answers = try HostStateTests.Answers.training()
                let run = try state.run { try HostStateTests.Answers.training() }
                #expect(run.isKept && run.result == answers, "\(state)")
            }
        }
    }

    @Test func everyOtherEntryGivesTheSameBits() throws {
        let expected = try Answers.all()
        for state in HostState.withoutTraps {
            let run = try state.run { try Answers.all() }
            #expect(run.isKept, "\(state)")
            for (answer, wanted) in zip(run.result, expected) { #expect(answer == wanted, "\(state)") }
        }
    }

    /// Two threads in different states take turns with the workers of one pool, and so do their own tasks.
    @Test func callersInDifferentStatesShareAPool() async throws {
        let work = try VectorTrajectory("tiny")
        let pool = ThreadPool(threads: 3)
        try await withThrowingTaskGroup(of: (HostState, Bool, [[String]]).self) { group in
            for state in HostState.withoutTraps {
                group.addTask {
                    let run = try state.run { try (0..<4).map { _ in try work.lines(backend: SIMDBackend(), pool: pool) } }
                    return (state, run.isKept, run.result)
                }
            }
            for try await (state, isKept, results) in group {
                #expect(isKept, "\(state)")
                for lines in results { #expect(lines == work.expected, "\(state)") }
            }
        }
    }

    /// A program's own tasks change the state of the pool's threads and leave it so.
    @Test func tasksThatChangeTheStateOfWorkersHarmNobody() throws {
        let work = try VectorTrajectory("tiny")
        let pool = ThreadPool(threads: 3)
        for state in HostState.withoutTraps {
            pool.run(64) { _ in state.enter() }
            #expect(try work.lines(backend: SIMDBackend(), pool: pool) == work.expected, "\(state)")
        }
    }
}

/// A stored trajectory of the independent implementation, and what this process makes of it.
struct VectorTrajectory: Sendable {
    /// For each step: digest, δ, root of the weights, loss.
    let expected: [String]
    private let configuration: ModelConfiguration
    private let seed: UInt64
    private let job: @Sendable (ModelState) -> TrajectoryJob

    /// - Parameter name: of a file `flow/trajectory-<name>.json` that starts from initial weights.
    init(_ name: String) throws {
        let vector = try Vectors.json("flow/trajectory-\(name).json", as: ReferenceVectorTests.TrajectoryVector.self)
        try #require(vector.start == "initial")
        func hash(_ text: String) throws -> Hash256 { try #require(Hash256(bytes: Hex.decode(text))) }
        expected = vector.steps.map { "\($0.digest) \($0.delta) \($0.weightsRoot) \($0.loss.bitPattern)" }
        let configuration = try vector.configuration.configuration()
        self.configuration = configuration
        seed = try #require(UInt64(vector.initialisationSeed, radix: 16))
        let sampler = try BatchSampler(
            corpus: SyntheticCorpus(length: vector.corpus.length, seed: try #require(UInt64(vector.corpus.seed, radix: 16))),
            contextLength: configuration.contextLength, batchSize: configuration.batchSize)
        let (root, workSeed) = (try hash(vector.modelRoot), try hash(vector.workSeed))
        let units = vector.steps.map(\.learningRateUnits)
        job = { parent in
            TrajectoryJob(
                parent: parent, modelRoot: root, workSeed: workSeed, stepsPerBlock: units.count, firstPayingStep: 1, learningRateUnits: units,
                sampler: sampler)
        }
    }

    /// The same from this processor, weights and trainer made anew.
    func lines(backend: any MatrixBackend, pool: ThreadPool) throws -> [String] {
        let trajectory = Trajectory(
            job(ModelState(initialising: configuration, seed: seed, pool: pool)),
            trainer: Trainer(configuration: configuration, backend: backend, pool: pool))
        var lines: [String] = []
        while !trajectory.isFinished {
            let step = try trajectory.advance()
            lines.append(
                "\(step.digest.hex) \(step.deltaHash.hex) \(trajectory.weights.root(pool: pool).hex) \(step.report.loss.bitPattern)")
        }
        return lines
    }
}

extension HostStateTests {
    /// One line for each entry beside a trajectory's step.
    enum Answers {
        static func all() throws -> [String] { try training() + exports() + inference() }

        /// Those that may be asked where a rounded number traps: growing a dictionary of Swift's rounds.
        static func training() throws -> [String] {
            let c = try ModelFixture.odd()
            let state = ModelState(initialising: c, seed: 5)
            let batch = ModelFixture.batch(c, seed: 3)
            let trainer = Trainer(configuration: c, backend: SIMDBackend())
            var lines = [
                "initial \(state.root().hex) \(ModelState.initialRoot(c, seed: 5).hex)",
                "loss \(try trainer.loss(weights: state, batch: batch).bitPattern)",
                "token losses \(bits(try trainer.tokenLosses(weights: state, batch: batch)))",
                "logits \(bits(try trainer.logits(weights: state, batch: batch)))",
            ]
            let gradients = try trainer.gradients(weights: state, batch: batch)
            lines.append("gradients \(gradients.gradients.root().hex) \(gradients.report.loss.bitPattern) \(gradients.report.balancingLoss.bitPattern)")
            // Where the gradient is zero, what stands below the normal numbers decides which way a weight goes.
            let weights = state.copy(), momentum = tiny(c)
            let report = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
            lines.append("step \(report.loss.bitPattern) \(weights.root().hex) \(momentum.root().hex)")
            return lines + ["digest \(MomentumDigest.digest(tiny(c)).hex)", offGrid(state)] + (try growth(state))
        }

        private static func bits(_ numbers: [Float]) -> String {
            numbers.withUnsafeBytes { BLAKE2b.hash256($0).hex }
        }

        /// Numbers below the normal ones, which have a sign in the digest.
        private static func tiny(_ c: ModelConfiguration) -> ModelState {
            let momentum = ModelState(zeros: c)
            momentum.withUnsafeMutableElements { elements in
                for i in elements.indices { elements[i] = Float(bitPattern: UInt32(i % 3) << 31 | UInt32(i % 7)) }
            }
            return momentum
        }

        /// A number below the normal ones is no weight.
        private static func offGrid(_ state: ModelState) -> String {
            let bad = state.copy()
            bad[7] = Float(bitPattern: 3)
            do throws(ModelStateError) {
                try bad.validate()
                return "valid"
            } catch {
                return "\(error)"
            }
        }

        private static func growth(_ state: ModelState) throws -> [String] {
            let c = state.configuration
            let wide = try ModelConfiguration(
                ModelShape(
                    embeddingLength: UInt32(c.embeddingLength), layerCount: UInt32(c.layerCount), headCount: UInt32(c.headCount),
                    expertCount: 2 * UInt32(c.expertCount), expertWidth: 2 * UInt32(c.expertWidth), contextLength: UInt32(c.contextLength),
                    batchSize: UInt32(c.batchSize)))
            let growth = try ModelGrowth(from: c, to: wide)
            let grown = try growth.grown(state)
            let delta = try state.delta(to: ModelState(initialising: c, seed: 6))
            let other = state.copy()
            try other.apply(delta)
            return ["grown \(grown.root().hex) \(try growth.shrunk(grown).root().hex)", "delta \(other.root().hex)"]
        }

        private static func exports() throws -> [String] {
            let c = try RandomModel.configuration()
            let state = RandomState.of(c)
            return try ExportFormat.allCases.map { format in
                let bytes = try ModelExport(configuration: c, format: format).write(state, to: GGUFMemorySink()).bytes
                return "\(format) \(bytes.withUnsafeBytes { BLAKE2b.hash256($0).hex })"
            }
        }

        private static func inference() throws -> [String] {
            let c = try RandomModel.configuration()
            let file = try GGUFFile(bytes: ModelExport(configuration: c, format: .q8_0).write(RandomState.of(c), to: GGUFMemorySink()).bytes)
            let session = InferenceSession(model: try InferenceModel(file: file))
            let logits = try session.logits(for: [256, 72, 105])
            var text = ""
            let answer = try session.generate([256, 72, 105], options: GenerationOptions(maximumTokens: 12, listedTokens: 2)) { event in
                if case .tokens(let choices) = event {
                    for choice in choices { text += " \(choice.logProbability.bitPattern)" }
                }
                return true
            }
            return ["inference \(logits.map(bits)) \(session.tokens) \(answer.text)\(text)"]
        }

        /// Made once, in the default state: the weights of `RandomModel` are the tests' own arithmetic.
        private enum RandomState {
            static func of(_ c: ModelConfiguration) -> ModelState { state.copy() }
            private static let state: ModelState = {
                guard let c = try? RandomModel.configuration() else { preconditionFailure("the fixture is valid") }
                return RandomModel.state(c, seed: 11)
            }()
        }
    }
}
