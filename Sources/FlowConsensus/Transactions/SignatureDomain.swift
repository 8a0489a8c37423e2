public import FlowCrypto

/// For which chain, and under which of its rules, a signature is made: it is worth nothing anywhere else.
public struct SignatureDomain: Hashable, Sendable {
    /// Of the network.
    public let genesisHash: Hash256
    /// Of the amendments in force at the height of the block that holds the transaction; zero where there are none.
    public let rulesRoot: Hash256

    public init(genesisHash: Hash256, rulesRoot: Hash256) {
        self.genesisHash = genesisHash
        self.rulesRoot = rulesRoot
    }
}
