public import FlowConsensus
public import FlowCrypto

/// How mining goes.
public struct MiningProgress: Sendable {
    /// Height of the block that is looked for.
    public let height: BlockHeight
    /// Tickets drawn since the loop started.
    public let tickets: UInt64
    /// Training steps done since the loop started.
    public let steps: UInt64
    /// Tokens trained on since the loop started.
    public let tokens: UInt64
    /// Loss of the last step in nats a token.
    public let loss: Double
    /// The block that was found with this step, if one was.
    public let found: Hash256?
}
