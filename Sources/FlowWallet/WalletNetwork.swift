public import FlowConsensus
public import FlowCrypto

/// What a wallet needs to know of its network.
public struct WalletNetwork: Hashable, Sendable {
    public let genesisHash: Hash256
    public let addressPrefix: String
    public let amendments: Amendments

    init(genesisHash: Hash256, addressPrefix: String, amendments: Amendments = []) {
        self.genesisHash = genesisHash
        self.addressPrefix = addressPrefix
        self.amendments = amendments
    }

    public init(_ parameters: ChainParameters) {
        self.init(
            genesisHash: parameters.genesisHash, addressPrefix: parameters.addressPrefix, amendments: parameters.amendments)
    }

    /// What a transaction is signed for that the block after a tip may hold.
    public func signatureDomain(afterTip height: BlockHeight) -> SignatureDomain {
        SignatureDomain(genesisHash: genesisHash, rulesRoot: amendments.rulesRoot(at: height == .max ? height : height + 1))
    }
}
