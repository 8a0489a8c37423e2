public import FlowCrypto

/// Why a connection ended.
@nonexhaustive
public enum DisconnectReason: Error, Equatable, Sendable {
    /// The other side, or the network, ended it.
    case remoteClosed(String?)
    /// This side ended it, for the stated reason.
    case requested(String)
    /// The node stopped.
    case stopped
    /// No complete handshake in time.
    case handshakeTimeout(Duration)
    /// A ping stayed without answer for this long.
    case pingTimeout(Duration)
    /// The stream is not one of this network's envelopes.
    case badEnvelope(EnvelopeFault)
    /// The peer is on another chain.
    case wrongNetwork(expectedGenesis: Hash256, actualGenesis: Hash256)
    /// The peer speaks an older protocol than this node can.
    case obsoleteVersion(minimum: UInt32, actual: UInt32)
    /// The node reached itself.
    case selfConnection
    /// The peer's faults add up to the limit; the text is the last one.
    case misbehaviour(score: Int, String)
    /// The peer's host is banned.
    case banned
    /// The peer reads more slowly than it is sent to.
    case sendQueueFull(bytes: Int, limit: Int)
    /// No room for another inbound connection.
    case tooManyConnections(limit: Int)
}

extension DisconnectReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .remoteClosed(let why): "the peer closed the connection" + (why.map { " (\($0))" } ?? "")
        case .requested(let why): "closed by this node: \(why)"
        case .stopped: "this node is stopping"
        case .handshakeTimeout(let limit): "no complete handshake within \(limit)"
        case .pingTimeout(let limit): "no answer to a ping within \(limit)"
        case .badEnvelope(let fault): "\(fault)"
        case .wrongNetwork(let expected, let actual):
            "expected the chain with genesis \(expected), the peer is on the one with genesis \(actual): connect to a node of the same network and corpus"
        case .obsoleteVersion(let minimum, let actual):
            "expected protocol version \(minimum) or later, the peer speaks \(actual): its operator must update it"
        case .selfConnection: "the address is this node's own"
        case .misbehaviour(let score, let fault): "misbehaviour of \(score) points, last: \(fault)"
        case .banned: "the host is banned"
        case .sendQueueFull(let bytes, let limit): "the peer reads too slowly: \(bytes) bytes wait for it, at most \(limit) may"
        case .tooManyConnections(let limit): "all \(limit) places for inbound connections are taken"
        }
    }
}
