import FlowCrypto
import FlowEncoding
import FlowModel
@testable import FlowTensor
import Foundation
import TestSupport
import Testing

/// Growth against the reference in Python, and what it promises: old answers, old weights.
@Suite struct GrowthTests {
    // MARK: Vectors

    struct Vector: Decodable {
        struct Text: Decodable {
            let length: UInt64
            let seed: String
        }
        let name: String
        let from, to: ReferenceVectorTests.Shape
        let initialisationSeed: String
        let corpus: Text
        let learningRateUnits: UInt32
        let workSeed, root, grownRoot, grownWorkSeed, resultRoot: String
        let digests, grownDigests: [String]
        let tensors: [String: String]
        let grownLosses: [Double]
    }

    private func hash(_ text: String) throws -> Hash256 { try #require(Hash256(bytes: Hex.decode(text))) }
    private func seed(_ text: String) throws -> UInt64 { try #require(UInt64(text, radix: 16)) }

    /// Trains, grows, trains on: every grown tensor and every digest before and after.
    @Test(arguments: ["layers", "width", "experts", "embedding", "depth", "breadth"])
    func equalsTheReference(name: String) throws {
        let vectors = try Vectors.json("flow/growth.json", as: [Vector].self)
        let vector = try #require(vectors.first { $0.name == name })
        let (from, to) = (try vector.from.configuration(), try vector.to.configuration())
        let corpus = SyntheticCorpus(length: vector.corpus.length, seed: try seed(vector.corpus.seed))
        func train(_ start: ModelState, _ workSeed: String, _ steps: Int) throws -> (Trajectory, [TrajectoryStep]) {
            let c = start.configuration
            let trajectory = Trajectory(
                TrajectoryJob(
                    parent: start, modelRoot: start.root(), workSeed: try hash(workSeed), stepsPerBlock: steps, firstPayingStep: 1,
                    learningRateUnits: Array(repeating: vector.learningRateUnits, count: steps),
                    sampler: try BatchSampler(corpus: corpus, contextLength: c.contextLength, batchSize: c.batchSize)),
                trainer: Trainer(configuration: c, backend: SIMDBackend()))
            return (trajectory, try (0..<steps).map { _ in try trajectory.advance() })
        }
        let initial = ModelState(initialising: from, seed: try seed(vector.initialisationSeed))
        let (before, steps) = try train(initial, vector.workSeed, vector.digests.count)
        #expect(try steps.map(\.digest) == vector.digests.map(hash))
        #expect(try before.weights.root() == hash(vector.root))
        for pool in ModelFixture.pools {
            let growth = try ModelGrowth(from: from, to: to)
            let grown = try growth.grown(before.weights, pool: pool)
            for tensor in to.tensors {
                let found = grown.withUnsafeElements { elements in
                    BLAKE2b.hash256(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: elements[tensor.range]))).hex
                }
                #expect(found == vector.tensors[String(tensor.name.dropLast(".weight".count))], "\(tensor.name)")
            }
            #expect(try grown.root() == hash(vector.grownRoot))
            #expect(try growth.shrunk(grown, pool: pool).hasSameBits(as: before.weights))
            let (after, further) = try train(grown, vector.grownWorkSeed, vector.grownDigests.count)
            #expect(try further.map(\.digest) == vector.grownDigests.map(hash))
            #expect(further.map(\.report.loss) == vector.grownLosses)
            #expect(try after.weights.root() == hash(vector.resultRoot))
        }
    }

    // MARK: Old answers

    /// A small model of other sizes.
    private func sizes(
        _ c: ModelConfiguration, layers: UInt32? = nil, width: UInt32? = nil, experts: UInt32? = nil, doubled: Bool = false
    ) throws -> ModelConfiguration {
        var shape = c.shape
        shape.embeddingLength *= doubled ? 2 : 1
        shape.headCount *= doubled ? 2 : 1
        shape.layerCount = layers ?? shape.layerCount
        shape.expertCount = experts ?? shape.expertCount
        shape.expertWidth = width ?? shape.expertWidth
        return try ModelConfiguration(shape, bits: c.bits)
    }

    /// Some steps from the first weights, so that gains, routers and biases of all kinds are not special.
    private func trained(_ c: ModelConfiguration, steps: Int, seed: UInt64) throws -> ModelState {
        let trajectory = Trajectory(
            try ModelFixture.job(c, steps: steps, seed: seed), trainer: Trainer(configuration: c, backend: SIMDBackend()))
        while !trajectory.isFinished { _ = try trajectory.advance() }
        return trajectory.weights
    }

    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    /// More layers and wider experts change no bit of any logit, whatever the bits of the quantisers.
    @Test(arguments: [UInt64(1), 2, 3])
    func depthAndWidthKeepEveryBit(seed: UInt64) throws {
        for c in [try ModelFixture.regtest(), try ModelFixture.odd(), try ModelFixture.odd(bits: 12), try ModelFixture.mixedBits()] {
            let weights = try trained(c, steps: c.embeddingLength == 64 ? 6 : 12, seed: seed)
            let batch = ModelFixture.batch(c, seed: UInt32(seed))
            let old = try Trainer(configuration: c, backend: SIMDBackend()).logits(weights: weights, batch: batch)
            #expect(Set(bits(old)).count > 100)
            for larger in [
                try sizes(c, layers: c.shape.layerCount + 1), try sizes(c, layers: 2 * c.shape.layerCount),
                try sizes(c, width: c.shape.expertWidth + 7),
                try sizes(c, width: 2 * c.shape.expertWidth),
            ] {
                let grown = try ModelGrowth(from: c, to: larger).grown(weights)
                try grown.validate()
                let new = try Trainer(configuration: larger, backend: SIMDBackend()).logits(weights: grown, batch: batch)
                #expect(bits(new) == bits(old), "seed \(seed): \(larger.layerCount) layers, width \(larger.expertWidth)")
            }
        }
    }

    /// Wider embeddings differ by the rounding of one sum alone; more experts only where a new one is chosen.
    @Test(arguments: [UInt64(1), 2, 3])
    func embeddingAndExpertsHardlyMoveTheLoss(seed: UInt64) throws {
        let c = try ModelFixture.regtest()
        let weights = try trained(c, steps: 64, seed: seed)
        let batch = try BatchSampler(
            corpus: SyntheticCorpus(length: 1 << 20), contextLength: c.contextLength, batchSize: c.batchSize).heldOutBatch()
        let old = try Trainer(configuration: c, backend: SIMDBackend()).loss(weights: weights, batch: batch)
        for larger in [try sizes(c, doubled: true), try sizes(c, experts: 16), try sizes(c, experts: 11), try sizes(c, experts: 16, doubled: true)] {
            let grown = try ModelGrowth(from: c, to: larger).grown(weights)
            try grown.validate()
            let new = try Trainer(configuration: larger, backend: SIMDBackend()).loss(weights: grown, batch: batch)
            #expect(new - old <= 0.02, "seed \(seed): \(larger.expertCount) experts, d \(larger.embeddingLength): \(old) to \(new)")
            if larger.expertCount == c.expertCount { #expect(abs(new - old) < 1e-3, "seed \(seed): \(old) to \(new)") }
        }
    }

    /// New parts are not born twins: after some steps they differ from what they were copied from, in every tensor.
    @Test func copiesGoTheirOwnWay() throws {
        let c = try ModelFixture.regtest()
        let larger = try sizes(c, width: 256, experts: 16, doubled: true)
        let grown = try ModelGrowth(from: c, to: larger).grown(try trained(c, steps: 8, seed: 4))
        let job = TrajectoryJob(
            parent: grown, modelRoot: grown.root(), workSeed: Keccak256.hash([1]), stepsPerBlock: 16, firstPayingStep: 1,
            learningRateUnits: Array(repeating: 2_048, count: 16),
            sampler: try BatchSampler(corpus: SyntheticCorpus(length: 1 << 20), contextLength: 64, batchSize: 32))
        let trajectory = Trajectory(job, trainer: Trainer(configuration: larger, backend: SIMDBackend()))
        while !trajectory.isFinished { _ = try trajectory.advance() }
        let (d, w) = (c.embeddingLength, c.expertWidth)
        for tensor in larger.tensors where tensor.shape.count > 1 && tensor.role != .router && tensor.role != .output {
            let elements = trajectory.weights.elements(of: tensor)
            let columns = tensor.shape.last ?? 1
            // Pairs of runs that were the same at the start; new experts may not have seen a token yet.
            var pairs: [(Int, Int, Int)] = []
            switch tensor.role {
            case .tokenEmbedding: pairs = (0..<258).map { ($0 * columns, $0 * columns + d, d) }
            case .gate, .up:
                pairs = (0..<c.expertCount * w).map { ($0 / w * 2 * w + $0 % w, w) }.map { ($0 * columns, ($0 + $1) * columns, columns) }
            case .down: pairs = (0..<c.expertCount * d).map { ($0 / d * 2 * d + $0 % d) }.map { ($0 * columns, ($0 + d) * columns, columns) }
            default: pairs = (0..<d).map { ($0 * columns, ($0 + d) * columns, columns) }
            }
            let twins = pairs.filter { elements[$0.0..<$0.0 + $0.2] == elements[$0.1..<$0.1 + $0.2] }
            // Of the tokens, only those that occur in the text are written to at first.
            let allowed = tensor.role == .tokenEmbedding ? pairs.count - 40 : pairs.count / 20
            #expect(twins.count <= allowed, "\(tensor.name): \(twins.count) of \(pairs.count) pairs are still the same")
        }
    }

    // MARK: Back, and refusals

    @Test func shrinkingTakesBackEveryGrowth() throws {
        let c = try ModelFixture.odd()
        let weights = try trained(c, steps: 4, seed: 9)
        for (layers, width, experts, doubled) in [(UInt32(2), UInt32(20), UInt32(3), false), (3, 20, 3, false), (2, 40, 6, true), (2, 39, 5, true), (4, 20, 4, false)] {
            let growth = try ModelGrowth(from: c, to: sizes(c, layers: layers, width: width, experts: experts, doubled: doubled))
            let grown = try growth.grown(weights)
            #expect(try growth.shrunk(grown).hasSameBits(as: weights), "\(layers) \(width) \(experts) \(doubled)")
        }
    }

    @Test func refusesWhatCannotGrow() throws {
        let c = try ModelFixture.odd()
        func larger(
            _ d: UInt32, _ layers: UInt32, _ heads: UInt32, _ experts: UInt32, _ width: UInt32, context: UInt32 = 21, batch: UInt32 = 3,
            vocabulary: UInt32 = 258
        ) throws -> ModelConfiguration {
            try ModelConfiguration(
                ModelShape(
                    embeddingLength: d, layerCount: layers, headCount: heads, expertCount: experts, expertWidth: width,
                    contextLength: context, batchSize: batch),
                vocabularySize: vocabulary)
        }
        for (name, to) in [
            ("embeddingLength", try larger(96, 2, 12, 3, 20)), ("embeddingLength", try larger(32, 2, 4, 3, 20)),
            ("embeddingLength", try larger(16, 2, 2, 3, 20)), ("headCount", try larger(48, 2, 3, 3, 20)),
            ("headCount", try larger(24, 2, 6, 3, 20)), ("layerCount", try larger(24, 1, 3, 3, 20)),
            ("layerCount", try larger(24, 5, 3, 3, 20)), ("expertCount", try larger(24, 2, 3, 2, 20)),
            ("expertCount", try larger(24, 2, 3, 7, 20)), ("expertWidth", try larger(24, 2, 3, 3, 19)),
            ("expertWidth", try larger(24, 2, 3, 3, 41)), ("contextLength", try larger(24, 2, 3, 3, 20, context: 20)), ("batchSize", try larger(24, 2, 3, 3, 20, batch: 2)),
            ("expertWidth", try larger(24, 3, 3, 3, 21)), ("embeddingLength", try larger(48, 3, 6, 3, 20)),
        ] {
            do {
                _ = try ModelGrowth(from: c, to: to)
                Issue.record("\(name) was accepted")
            } catch {
                guard case .shape = error else {
                    Issue.record("\(name): \(error)")
                    continue
                }
                #expect(error.description.contains(name))
            }
        }
        #expect(throws: ModelGrowthError.vocabulary(from: 258, to: 259)) {
            try ModelGrowth(from: c, to: larger(24, 2, 3, 3, 20, vocabulary: 259))
        }
        let growth = try ModelGrowth(from: c, to: larger(24, 3, 3, 3, 20))
        let (small, large) = (ModelState(initialising: c, seed: 1), ModelState(initialising: growth.target, seed: 1))
        #expect(throws: ModelGrowthError.stateShape(expected: c.parameterCount, actual: large.count)) { try growth.grown(large) }
        #expect(throws: ModelGrowthError.stateShape(expected: large.count, actual: small.count)) { try growth.shrunk(small) }
    }
}
