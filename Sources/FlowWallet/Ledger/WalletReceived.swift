public import FlowConsensus
public import FlowCrypto

/// What a program of the wallet has received, spent or not, newly mined coins left out.
public struct WalletReceived: Sendable, Equatable {
    public var amount = Amount.zero
    /// Of the youngest payment that counts.
    public var confirmations: Int64 = 0
    /// The oldest first.
    public var txids: [Hash256] = []
    public let isWatched: Bool
}
