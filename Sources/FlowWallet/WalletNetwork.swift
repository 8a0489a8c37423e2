public import FlowConsensus
public import FlowCrypto

/// What a wallet needs to know of its network.
public struct WalletNetwork: Hashable, Sendable {
    public let genesisHash: Hash256
    public let addressPrefix: String

    public init(genesisHash: Hash256, addressPrefix: String) {
        self.genesisHash = genesisHash
        self.addressPrefix = addressPrefix
    }

    public init(_ parameters: ChainParameters) {
        self.init(genesisHash: parameters.genesisHash, addressPrefix: parameters.addressPrefix)
    }
}
