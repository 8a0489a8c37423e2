/// How a corpus of C bytes falls into a training part and a held-out part for windows of L tokens (Corpus.md).
///
/// `held = max(⌊C / 64⌋, L + 1)`, `M = C − held`, legal starts `N = M − L`; each is 0 where the corpus is too short for it. A network
/// needs at least ``leastLegalStarts``: who makes a network or draws from a corpus looks at ``isLongEnough`` first.
public struct CorpusSplit: Hashable, Sendable {
    /// Fewest legal starts that a network may have: 2^16.
    public static let leastLegalStarts: UInt64 = 65_536

    /// C, bytes of the whole corpus.
    public let length: UInt64
    /// L, tokens of one window.
    public let contextLength: UInt32
    /// M, bytes of the training part; the held-out part is what follows.
    public let trainingLength: UInt64
    /// N: training windows start at 0 … N − 1.
    public let legalStarts: UInt64

    public init(length: UInt64, contextLength: UInt32) {
        self.length = length
        self.contextLength = contextLength
        let context = UInt64(contextLength)
        let held = max(length / 64, context + 1)
        trainingLength = length > held ? length - held : 0
        legalStarts = trainingLength > context ? trainingLength - context : 0
    }

    /// True when the corpus has as many legal starts as a network needs.
    public var isLongEnough: Bool { legalStarts >= Self.leastLegalStarts }

    /// Bytes of the held-out part, at the end.
    var heldOutLength: UInt64 { length - trainingLength }
}
