public import FlowCrypto
import FlowEncoding

/// Draws the batches of a trajectory, and the one held-out batch, from a corpus.
///
/// Window j of step i starts at `⌊x·N / 2^64⌋`, x = the first 8 bytes, little-endian, of
/// `keccak256("flowcoin/window" ‖ workSeed ‖ u32 i ‖ u32 j)` (`Documentation/Protocol/Training.md`).
///
/// ```swift
/// let sampler = try BatchSampler(corpus: SyntheticCorpus.regtest, contextLength: 64, batchSize: 32)
/// let batch = try sampler.batch(workSeed: seed, step: 1)
/// ```
public struct BatchSampler: Sendable {
    private static let windowTag = Array("flowcoin/window".utf8)

    /// Where the bytes come from.
    public let corpus: any Corpus
    /// Training part and held-out part.
    public let split: CorpusSplit
    /// B, windows in a batch.
    public let batchSize: Int

    /// - Throws: ``CorpusError`` when the corpus is too short for the network or the sizes are none of a model.
    public init(corpus: any Corpus, contextLength: Int, batchSize: Int) throws(CorpusError) {
        guard (1...65_536).contains(batchSize) else {
            throw .invalidWindow(contextLength: contextLength, batchSize: batchSize)
        }
        self.corpus = corpus
        self.batchSize = batchSize
        split = try CorpusSplit(length: corpus.length, contextLength: contextLength)
    }

    /// First byte of window `window` (from 0) in step `step` (from 1).
    public func start(workSeed: Hash256, step: UInt32, window: UInt32) -> UInt64 {
        var message = Self.windowTag
        message.append(contentsOf: workSeed.bytes)
        for value in [step, window] {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                message.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        var x: UInt64 = 0
        for byte in Keccak256.hash(message).bytes.prefix(8).reversed() { x = x << 8 | UInt64(byte) }
        return split.trainingStart(x)
    }

    /// The batch of step `step` (from 1) of the trajectory that `workSeed` names.
    ///
    /// - Throws: ``CorpusError`` when the corpus can no longer be read.
    public func batch(workSeed: Hash256, step: UInt32) throws(CorpusError) -> TokenBatch {
        try gather { start(workSeed: workSeed, step: step, window: UInt32(truncatingIfNeeded: $0)) }
    }

    /// The batch whose loss is the published held-out loss.
    ///
    /// - Throws: ``CorpusError`` when the corpus can no longer be read.
    public func heldOutBatch() throws(CorpusError) -> TokenBatch {
        try gather { split.heldOutStart($0, of: batchSize) }
    }

    /// The window of `contextLength + 1` tokens that starts at byte `start`.
    public func window(at start: UInt64) throws(CorpusError) -> [UInt16] {
        try corpus.bytes(at: start, count: split.contextLength + 1).map(Self.token)
    }

    /// The token of a byte: 0x02 is BOS (256), 0x03 is EOS (257), every other byte is itself.
    public static func token(_ byte: UInt8) -> UInt16 {
        byte == 2 ? 256 : byte == 3 ? 257 : UInt16(byte)
    }

    private func gather(_ start: (Int) -> UInt64) throws(CorpusError) -> TokenBatch {
        var tokens: [UInt16] = []
        tokens.reserveCapacity(batchSize * (split.contextLength + 1))
        for index in 0..<batchSize {
            tokens.append(contentsOf: try window(at: start(index)))
        }
        return TokenBatch(windows: batchSize, contextLength: split.contextLength, tokens: tokens)
    }
}
