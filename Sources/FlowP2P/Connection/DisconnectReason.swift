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
    /// A message did not come to its end in time; `received` of `length` bytes were there, the envelope's header apart.
    case messageTimeout(command: String, received: Int, length: Int, within: Duration)
    /// A large message that only ever answers a request came without one, or before the handshake.
    case unrequested(command: String, length: Int)
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
    /// All places for inbound connections were taken, and this one was given to a newcomer.
    case evicted
    /// All connections together held too much, and the unfinished message of this one most.
    case receiveMemoryFull(bytes: Int, limit: Int)
    /// Too much waited to be sent to all peers together, and this one took least of it.
    case sendMemoryFull(bytes: Int, limit: Int)
}

extension DisconnectReason {
    /// The peer is to blame and knows it: its host is kept out for a time.
    var isMisbehaviour: Bool {
        switch self {
        case .misbehaviour, .unrequested: true
        default: false
        }
    }
}

extension DisconnectReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .remoteClosed(let why): "the peer closed the connection" + (why.map { " (\($0))" } ?? "")
        case .requested(let why): "closed by this node: \(why)"
        case .stopped: "this node is stopping"
        case .handshakeTimeout(let limit): "no complete handshake within \(limit)"
        case .pingTimeout(let limit): "no answer to a ping within \(limit)"
        case .messageTimeout(let command, let received, let length, let limit):
            "expected the whole '\(command)' of \(length) bytes within \(limit), got \(received) of them: the peer sends too slowly"
        case .unrequested(let command, let length):
            "expected '\(command)' only as the answer to a request, got one of \(length) bytes: announce it and wait to be asked"
        case .badEnvelope(let fault): "\(fault)"
        case .wrongNetwork(let expected, let actual):
            "expected the chain with genesis \(expected), the peer is on the one with genesis \(actual): connect to a node of the same network and corpus"
        case .obsoleteVersion(let minimum, let actual):
            "expected protocol version \(minimum) or later, the peer speaks \(actual): its operator must update it"
        case .selfConnection: "the address is this node's own"
        case .misbehaviour(let score, let fault): "misbehaviour of \(score) points, last: \(fault)"
        case .banned: "the host is banned"
        case .sendQueueFull(let bytes, let limit): "the peer reads too slowly: \(bytes) bytes wait for it, at most \(limit) may"
        case .evicted: "its place was given to a newcomer, since all places for inbound connections were taken"
        case .receiveMemoryFull(let bytes, let limit):
            "all peers together hold more than \(limit) bytes of this node's memory, and this one's unfinished message \(bytes) of them"
        case .sendMemoryFull(let bytes, let limit):
            "more than \(limit) bytes wait to be sent to all peers together, \(bytes) of them for this one, which reads too slowly"
        }
    }
}
