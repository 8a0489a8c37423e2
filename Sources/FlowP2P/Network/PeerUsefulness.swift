/// What a peer brought that was new and right, which protects its place (`PeerNetwork.noteUseful`).
public enum PeerUsefulness: Sendable {
    /// A block that connected, or will be replayed.
    case block
    /// A transaction that the mempool took.
    case transaction
}
