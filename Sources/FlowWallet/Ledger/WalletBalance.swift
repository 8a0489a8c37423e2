public import FlowConsensus

/// The wallet's money, as bitcoind's `getbalances` splits it.
public struct WalletBalance: Hashable, Sendable {
    /// Can be spent now: confirmed, or change of own unconfirmed transactions.
    public var trusted = Amount.zero
    /// Unconfirmed payments from others.
    public var untrustedPending = Amount.zero
    /// Mined, but not yet 100 blocks deep.
    public var immature = Amount.zero
}
