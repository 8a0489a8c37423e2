public import FlowCrypto
public import FlowTraining

/// Draws the batches of a trajectory, and the one held-out batch, from a corpus; ``CorpusSplit`` says where each window starts
/// (`Documentation/Protocol/Training.md`).
///
/// <!-- given seed: Hash256 -->
/// ```swift
/// let sampler = try BatchSampler(corpus: SyntheticCorpus.regtest, contextLength: 64, batchSize: 32)
/// let batch = try sampler.batch(workSeed: seed, step: 1)
/// ```
public struct BatchSampler: Sendable {
    /// Where the bytes come from.
    public let corpus: any Corpus
    /// Training part and held-out part.
    public let split: CorpusSplit
    /// L, tokens of a window.
    public let contextLength: Int
    /// B, windows in a batch.
    public let batchSize: Int

    /// - Throws: ``CorpusError/tooShort(length:contextLength:legalStarts:minimum:)`` when the corpus has fewer places for a window than
    ///   a network needs, ``CorpusError/invalidWindow(contextLength:batchSize:)`` when the sizes are none of a model.
    public init(corpus: any Corpus, contextLength: Int, batchSize: Int) throws(CorpusError) {
        let limits = ModelLimits.arithmetic
        guard let context = UInt32(exactly: contextLength), limits.contextLength.contains(context),
            let batch = UInt32(exactly: batchSize), limits.batchSize.contains(batch)
        else { throw .invalidWindow(contextLength: contextLength, batchSize: batchSize) }
        self.corpus = corpus
        self.contextLength = contextLength
        self.batchSize = batchSize
        split = CorpusSplit(length: corpus.length, contextLength: context)
        guard split.isLongEnough else {
            throw .tooShort(
                length: split.length, contextLength: contextLength, legalStarts: split.legalStarts,
                minimum: CorpusSplit.leastLegalStarts)
        }
    }

    /// The batch of step `step` (from 1) of the trajectory that `workSeed` names.
    ///
    /// - Throws: ``CorpusError`` when the corpus can no longer be read.
    public func batch(workSeed: Hash256, step: UInt32) throws(CorpusError) -> TokenBatch {
        try gather { split.start(workSeed: workSeed, step: step, window: UInt32(truncatingIfNeeded: $0)) }
    }

    /// The batch whose loss is the published held-out loss.
    ///
    /// - Throws: ``CorpusError`` when the corpus can no longer be read.
    public func heldOutBatch() throws(CorpusError) -> TokenBatch {
        try gather { split.heldOutStart($0, of: batchSize) }
    }

    /// The window of `contextLength + 1` tokens that starts at byte `start`.
    public func window(at start: UInt64) throws(CorpusError) -> [UInt16] {
        try corpus.bytes(at: start, count: contextLength + 1).map(Self.token)
    }

    /// The token of a byte: 0x02 is BOS (256), 0x03 is EOS (257), every other byte is itself.
    public static func token(_ byte: UInt8) -> UInt16 {
        byte == 2 ? 256 : byte == 3 ? 257 : UInt16(byte)
    }

    private func gather(_ start: (Int) -> UInt64) throws(CorpusError) -> TokenBatch {
        var tokens: [UInt16] = []
        tokens.reserveCapacity(batchSize * (contextLength + 1))
        for index in 0..<batchSize {
            tokens.append(contentsOf: try window(at: start(index)))
        }
        return TokenBatch(windows: batchSize, contextLength: contextLength, tokens: tokens)
    }
}
