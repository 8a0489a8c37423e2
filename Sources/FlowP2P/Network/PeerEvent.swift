/// What happens at a node's connections, in order for each peer: `connected`, messages, `disconnected`.
public enum PeerEvent: Sendable, Equatable {
    /// A handshake was completed.
    case connected(PeerInfo)
    /// A message other than those that the connection by itself or the network answer by itself (version, verack, ping, pong, addr, getaddr).
    case message(PeerID, NetworkMessage)
    /// A connected peer is gone.
    case disconnected(PeerID, DisconnectReason)
    /// An attempt at a place given to `connect` failed; the next one follows after `retryIn`, or none where it is nil.
    case connectFailed(PeerEndpoint, PeerNetworkError, retryIn: Duration?)
}
