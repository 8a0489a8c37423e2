public import FlowCrypto

/// Which text a chain trains on: its length and the root of its pieces (`Documentation/Protocol/Corpus.md`).
public struct CorpusReference: Hashable, Sendable, Codable {
    /// Bytes.
    public var length: UInt64
    public var root: Hash256

    public init(length: UInt64, root: Hash256) {
        self.length = length
        self.root = root
    }
}
