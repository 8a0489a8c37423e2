import FlowCrypto
import FlowEncoding
@testable import FlowModel
@testable import FlowTensor
import FlowTensorOpenBLAS
import Foundation
import TestSupport
import Testing

/// The vectors of the independent reference in Python (Tests/Reference).
@Suite struct TrainingVectorTests {
    struct Configuration: Decodable {
        let embeddingLength, layerCount, headCount, expertCount, expertWidth, contextLength, batchSize: UInt32
        let linearBits, attentionBits, routerBits: UInt32
        let balancingWeight: Double

        func model() throws -> ModelConfiguration {
            try ModelConfiguration(
                ModelShape(
                    embeddingLength: embeddingLength, layerCount: layerCount, headCount: headCount, expertCount: expertCount,
                    expertWidth: expertWidth, contextLength: contextLength, batchSize: batchSize),
                bits: QuantiserBits(linear: linearBits, attention: attentionBits, router: routerBits),
                balancingWeight: UInt32((balancingWeight * 1e6).rounded()))
        }
    }

    struct TrajectoryFile: Decodable {
        struct CorpusPart: Decodable {
            let length: UInt64
            let seed: String
        }
        struct Hashes: Decodable {
            let gradient, momentum: String
        }
        struct Step: Decodable {
            let learningRateUnits: UInt32
            let loss, balancingLoss: Double
            let tokenLosses: String
            let expertCounts: [[Int]]
            let digest, delta, weightsRoot: String
            let tensors: [String: Hashes]
        }
        let configuration: Configuration
        let initialisationSeed: String
        /// "initial", or how the initial weights are changed: extreme (±4), flat (2^−10), zero.
        let start: String
        let corpus: CorpusPart
        let workSeed, modelRoot: String
        let steps: [Step]
        /// The expert whose weights make the step behind `steps` invalid, and the rates of all steps that were asked for.
        let spoiled: Spoiled?
        let learningRateUnits: [UInt32]?
    }

    struct Spoiled: Decodable {
        let layer, expert, exponent: Int
    }

    static func hash(_ elements: [Float]) -> String {
        elements.withUnsafeBytes { BLAKE2b.hash256($0).hex }
    }

    static func hash(_ hex: String) throws -> Hash256 {
        try #require(Hash256(bytes: Hex.decode(hex)))
    }

    static func changed(_ state: ModelState, _ start: String) {
        for tensor in state.configuration.tensors {
            for index in tensor.range {
                switch start {
                case "extreme": state[index] = state[index] < 0 ? -4 : 4
                case "flat" where tensor.shape.count > 1: state[index] = 0x1p-10
                case "zero" where tensor.shape.count > 1: state[index] = 0
                default: break
                }
            }
        }
    }

    static func backends() throws -> [any MatrixBackend] {
        [ReferenceBackend(), OpenBLASBackend()] + (try InstructionSet.allCases.filter(\.isAvailable).map { try SIMDBackend($0) })
    }

    @Test(arguments: ["tiny", "odd", "wide", "single", "extreme", "flat", "zero"]) func trajectoryHasTheReferencesBits(name: String) throws {
        let file = try Vectors.json("flow/trajectory-\(name).json", as: TrajectoryFile.self)
        let c = try file.configuration.model()
        let parent = ModelState(initialising: c, seed: try #require(UInt64(file.initialisationSeed, radix: 16)))
        Self.changed(parent, file.start)
        #expect(parent.root().hex == file.modelRoot)
        let sampler = try BatchSampler(
            corpus: SyntheticCorpus(length: file.corpus.length, seed: try #require(UInt64(file.corpus.seed, radix: 16))),
            contextLength: c.contextLength, batchSize: c.batchSize)
        let job = TrajectoryJob(
            parent: parent, modelRoot: try Self.hash(file.modelRoot), workSeed: try Self.hash(file.workSeed),
            stepsPerBlock: file.steps.count, firstPayingStep: 1, learningRateUnits: file.steps.map(\.learningRateUnits),
            sampler: sampler)
        for backend in try Self.backends() {
            try Self.compare(Trajectory(job, trainer: Trainer(configuration: c, backend: backend)), with: file)
        }
    }

    /// Two units of an expert that sees its first token in the third step have weights that lead beyond the quantiser's range: two steps are right, and the
    /// third ends the trajectory, whose result is what the second one left.
    @Test func aTrajectoryEndsWhereTheReferencesDoes() throws {
        let file = try Vectors.json("flow/trajectory-ended.json", as: TrajectoryFile.self)
        let c = try file.configuration.model()
        let (spoiled, rates) = (try #require(file.spoiled), try #require(file.learningRateUnits))
        #expect(rates.count > file.steps.count + 1)
        let parent = ModelState(initialising: c, seed: try #require(UInt64(file.initialisationSeed, radix: 16)))
        let large = Float(sign: .plus, exponent: spoiled.exponent, significand: 1)
        for (name, second) in [("gate", -large), ("up", large)] {
            let tensor = try #require(c.tensors.first { $0.name == "blk.\(spoiled.layer).ffn_\(name)_exps.weight" })
            let first = tensor.offset + spoiled.expert * (tensor.count / c.expertCount)
            parent[first] = large
            parent[first + c.embeddingLength] = second
        }
        #expect(parent.root().hex == file.modelRoot)
        let sampler = try BatchSampler(
            corpus: SyntheticCorpus(length: file.corpus.length, seed: try #require(UInt64(file.corpus.seed, radix: 16))),
            contextLength: c.contextLength, batchSize: c.batchSize)
        let job = TrajectoryJob(
            parent: parent, modelRoot: try Self.hash(file.modelRoot), workSeed: try Self.hash(file.workSeed),
            stepsPerBlock: rates.count, firstPayingStep: 1, learningRateUnits: rates, sampler: sampler)
        let last = try #require(file.steps.last)
        for backend in try Self.backends() {
            for pool in [ThreadPool.single, ThreadPool(threads: 3)] {
                let trajectory = Trajectory(job, trainer: Trainer(configuration: c, backend: backend, pool: pool))
                try Self.compare(trajectory, with: file)
                guard case .invalidStep = try TrajectoryDriver().run(trajectory, body: { _ in true }) else {
                    Issue.record("\(backend): the step behind is valid")
                    continue
                }
                try trajectory.rewind()
                #expect(trajectory.isFinished && trajectory.completedSteps == file.steps.count)
                #expect(trajectory.weights.root().hex == last.weightsRoot)
                #expect(trajectory.deltaHash.hex == last.delta)
            }
        }
    }

    static func compare(_ trajectory: Trajectory, with file: TrajectoryFile) throws {
        let job = trajectory.job, trainer = trajectory.trainer, c = trainer.configuration
        for (index, expected) in file.steps.enumerated() {
            let batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(index + 1))
            #expect(Self.hash(try trainer.tokenLosses(weights: trajectory.weights, batch: batch)) == expected.tokenLosses)
            let gradients = try trainer.gradients(weights: trajectory.weights, batch: batch).gradients
            let step = try trajectory.advance()
            for tensor in c.tensors {
                let hashes = try #require(expected.tensors[String(tensor.name.dropLast(7))])
                #expect(Self.hash(gradients.elements(of: tensor)) == hashes.gradient, "gradient of \(tensor.name), step \(index + 1)")
                #expect(
                    Self.hash(trajectory.momentum.elements(of: tensor)) == hashes.momentum,
                    "momentum of \(tensor.name), step \(index + 1)")
            }
            #expect(step.report.expertCounts == expected.expertCounts)
            #expect(abs(step.report.loss - expected.loss) < 1e-6)
            #expect(abs(step.report.balancingLoss - expected.balancingLoss) < 1e-6)
            #expect(step.digest.hex == expected.digest)
            #expect(step.deltaHash.hex == expected.delta)
            #expect(trajectory.weights.root().hex == expected.weightsRoot)
        }
    }

    struct InitialEntry: Decodable {
        let network: String
        let configuration: Configuration
        let initialisationSeed: String
        let parameterCount: Int
        let modelRoot: String
        let firstElementsInUnits: [String: [Int]]
    }

    @Test(arguments: ["", "-testnet", "-mainnet"]) func initialModelsHaveTheReferencesRoots(network: String) throws {
        let pool = ThreadPool(threads: 2)
        for entry in try Vectors.json("flow/model-initial\(network).json", as: [InitialEntry].self) {
            let c = try entry.configuration.model()
            let seed = try #require(UInt64(entry.initialisationSeed, radix: 16))
            #expect(c.parameterCount == entry.parameterCount)
            #expect(ModelState.initialRoot(c, seed: seed, pool: pool).hex == entry.modelRoot, "\(entry.network)")
            if c.parameterCount > 50_000_000 { continue }
            let state = ModelState(initialising: c, seed: seed)
            #expect(state.root(pool: pool).hex == entry.modelRoot, "\(entry.network)")
            for tensor in c.tensors {
                let first = try #require(entry.firstElementsInUnits[String(tensor.name.dropLast(7))])
                for (index, units) in first.enumerated() {
                    #expect(state[tensor.offset + index] == Float(units) * ModelState.gridUnit, "\(entry.network) \(tensor.name)")
                }
            }
        }
    }

    struct GradientFile: Decodable {
        struct Tensor: Decodable {
            let name: String
            let shape: [Int]
            let offset: Int
        }
        let configuration: Configuration
        let initialisationSeed: String
        let tolerance: Double
        let tokens: [[UInt16]]
        let loss, balancingLoss: Double
        let tensors: [Tensor]
    }

    @Test(arguments: [8, 16]) func gradientsAgreeWithPyTorch(bits: Int) throws {
        let file = try Vectors.json("flow/pytorch-gradients-\(bits).json", as: GradientFile.self)
        let data = try Vectors.data("flow/pytorch-gradients-\(bits).bin")
        let c = try file.configuration.model()
        let weights = ModelState(initialising: c, seed: try #require(UInt64(file.initialisationSeed, radix: 16)))
        let batch = TokenBatch(
            windows: file.tokens.count, contextLength: c.contextLength, tokens: file.tokens.flatMap { $0 })
        let trainer = Trainer(configuration: c, backend: OpenBLASBackend())
        let (gradients, report) = try trainer.gradients(weights: weights, batch: batch)
        #expect(abs(report.loss - file.loss) < 1e-4)
        #expect(abs(report.balancingLoss - file.balancingLoss) < 1e-5)
        #expect(file.tensors.count == c.tensors.count + 1)
        for tensor in file.tensors {
            let count = tensor.shape.reduce(1, *)
            let expected = data[(data.startIndex + tensor.offset)...].prefix(4 * count).withUnsafeBytes { raw in
                (0..<count).map { Double(raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)) }
            }
            let actual =
                if tensor.name == "logits" {
                    try trainer.logits(weights: weights, batch: batch)
                } else {
                    gradients.elements(of: try #require(c.tensors.first { $0.name == tensor.name + ".weight" }))
                }
            try #require(actual.count == count)
            var difference = 0.0, norm = 0.0
            for (x, y) in zip(actual, expected) {
                difference += (Double(x) - y) * (Double(x) - y)
                norm += y * y
            }
            let error = (difference / norm).squareRoot()
            #expect(error <= file.tolerance, "\(tensor.name): relative L2 error \(error)")
        }
    }
}
