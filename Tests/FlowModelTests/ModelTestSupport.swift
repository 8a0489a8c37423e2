import FlowCrypto
import FlowModel
import FlowTensor
import FlowTensorOpenBLAS

/// Models small enough for the scalar reference, and the backends and pools that must agree with it.
enum ModelFixture {
    /// Sizes that no vector width divides: heads of 8, width 20, context 21, three experts.
    static func odd(bits: UInt32 = 8) throws -> ModelConfiguration {
        try ModelConfiguration(
            ModelShape(
                embeddingLength: 24, layerCount: 2, headCount: 3, expertCount: 3, expertWidth: 20, contextLength: 21, batchSize: 3),
            bits: QuantiserBits(linear: bits, attention: bits, router: bits))
    }

    /// Two layers of sixteen wide rows, for finite differences.
    static func tiny(bits: UInt32, balancingWeight: UInt32) throws -> ModelConfiguration {
        try ModelConfiguration(
            ModelShape(
                embeddingLength: 16, layerCount: 2, headCount: 2, expertCount: 2, expertWidth: 16, contextLength: 16, batchSize: 8),
            bits: QuantiserBits(linear: bits, attention: bits, router: bits), balancingWeight: balancingWeight, vocabularySize: 32)
    }

    /// Attention over two blocks of rows, different bits for each class.
    static func mixedBits() throws -> ModelConfiguration {
        try ModelConfiguration(
            ModelShape(
                embeddingLength: 32, layerCount: 1, headCount: 2, expertCount: 5, expertWidth: 48, contextLength: 96, batchSize: 2),
            bits: QuantiserBits(linear: 8, attention: 7, router: 12))
    }

    static func regtest() throws -> ModelConfiguration {
        try ModelConfiguration(
            ModelShape(
                embeddingLength: 64, layerCount: 2, headCount: 2, expertCount: 8, expertWidth: 128, contextLength: 64, batchSize: 32))
    }

    static let pools = [ThreadPool.single, ThreadPool(threads: 2), ThreadPool(threads: 3)]

    /// A batch without structure.
    static func batch(_ c: ModelConfiguration, seed: UInt32, vocabulary: Int? = nil) -> TokenBatch {
        let count = c.batchSize * (c.contextLength + 1)
        let tokens = (0..<count).map { index in
            let word = Philox.block(counter: (UInt32(index), 0, 0, 7), key: (seed, 99)).0
            return UInt16(Int(word >> 8) % (vocabulary ?? c.vocabularySize))
        }
        return TokenBatch(windows: c.batchSize, contextLength: c.contextLength, tokens: tokens)
    }

    /// A job on the embedded corpus.
    static func job(_ c: ModelConfiguration, steps: Int, seed: UInt64 = 1, units: UInt32 = 2_048) throws -> TrajectoryJob {
        let parent = ModelState(initialising: c, seed: seed)
        return TrajectoryJob(
            parent: parent, modelRoot: parent.root(), workSeed: Keccak256.hash(Array("work \(seed)".utf8)),
            stepsPerBlock: steps, firstPayingStep: 1, learningRateUnits: Array(repeating: units, count: steps),
            sampler: try BatchSampler(
                corpus: SyntheticCorpus(length: 1 << 20), contextLength: c.contextLength, batchSize: c.batchSize))
    }
}
