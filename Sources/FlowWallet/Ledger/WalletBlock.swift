public import FlowConsensus
public import FlowCrypto

/// A block that the wallet has scanned.
public struct WalletBlock: Hashable, Sendable {
    public let hash: Hash256
    public let height: BlockHeight
    public let time: UInt64
}
