import FlowCrypto

/// Roots of the three built-in networks, computed from the embedded corpus and the first weights.
enum GenesisConstants {
    /// The length of the embedded synthetic corpus in bytes.
    static let embeddedCorpusLength: UInt64 = 16_777_216
    /// The root of the embedded synthetic corpus.
    static let embeddedCorpusRoot = Hash256.zero

    /// The roots of the first weights.
    static let mainnetModelRoot = Hash256.zero
    static let testnetModelRoot = Hash256.zero
    static let regtestModelRoot = Hash256.zero
}
