/// How a corpus of C bytes falls into a training part and a held-out part for windows of L tokens.
///
/// `held = max(⌊C / 64⌋, L + 1)`, `M = C − held`, legal starts `N = M − L` (`Documentation/Protocol/Corpus.md`).
public struct CorpusSplit: Sendable, Equatable {
    /// Fewest legal starts that a network may have: 2^16.
    public static let minimumLegalStarts: UInt64 = 65_536

    /// C, bytes of the whole corpus.
    public let length: UInt64
    /// L, tokens of one window.
    public let contextLength: Int
    /// M, bytes of the training part; the held-out part is what follows.
    public let trainingLength: UInt64
    /// N: training windows start at 0 … N − 1.
    public let legalStarts: UInt64

    /// Bytes of the held-out part, at the end.
    public var heldOutLength: UInt64 { length - trainingLength }

    /// - Throws: ``CorpusError/tooShort(length:contextLength:legalStarts:minimum:)`` when N would be below 2^16,
    ///   ``CorpusError/invalidWindow(contextLength:batchSize:)`` when `contextLength` is not 1 … 65,536.
    public init(length: UInt64, contextLength: Int) throws(CorpusError) {
        guard (1...65_536).contains(contextLength) else {
            throw .invalidWindow(contextLength: contextLength, batchSize: 1)
        }
        let context = UInt64(contextLength)
        let held = max(length / 64, context + 1)
        let training = length > held ? length - held : 0
        let starts = training > context ? training - context : 0
        guard starts >= Self.minimumLegalStarts else {
            throw .tooShort(
                length: length, contextLength: contextLength, legalStarts: starts, minimum: Self.minimumLegalStarts)
        }
        self.length = length
        self.contextLength = contextLength
        trainingLength = training
        legalStarts = starts
    }

    /// `⌊x·N / 2^64⌋`: the start of the training window that the 64-bit number `x` draws.
    public func trainingStart(_ x: UInt64) -> UInt64 {
        x.multipliedFullWidth(by: legalStarts).high
    }

    /// Start of held-out window `index` of `count`: `M + ⌊index · (C − M − L − 1) / count⌋`.
    ///
    /// - Precondition: `0 ≤ index < count`.
    public func heldOutStart(_ index: Int, of count: Int) -> UInt64 {
        precondition(index >= 0 && index < count, "held-out window \(index) of \(count)")
        let slack = length - trainingLength - UInt64(contextLength) - 1
        let product = slack.multipliedFullWidth(by: UInt64(index))
        return trainingLength + UInt64(count).dividingFullWidth(product).quotient
    }
}
