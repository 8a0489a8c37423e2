public import FlowCrypto

/// What every connection of a node has in common: who the node is, and how patient it is.
public struct ConnectionParameters: Sendable {
    public var genesisHash: Hash256
    public var services: ServiceFlags
    public var userAgent: String
    public var protocolVersion = ProtocolLimits.protocolVersion
    var minimumProtocolVersion = ProtocolLimits.minimumProtocolVersion
    /// The number that tells a node its own version message; random, the same for all connections of a run.
    public var nonce: UInt64
    public var relay = true

    /// From opening to the end of the handshake.
    public var handshakeTimeout: Duration = .seconds(60)
    /// From one ping to the next.
    public var pingInterval: Duration = .seconds(120)
    /// From a ping to giving up on its pong.
    var pingTimeout: Duration = .seconds(1200)
    /// From the first byte of a message to its last, plus what `minimumThroughput` gives a long one.
    var messageTimeout: Duration = .seconds(60)
    /// Bytes per second below which a long message is given up.
    var minimumThroughput = 32_768
    /// Points of misbehaviour at which the peer is cut off and banned.
    public var misbehaviourLimit = 100
    /// Work that a peer may cause at once, in units of about a microsecond of one core (`ConnectionStateMachine`).
    var workBurst = 2_000_000.0
    /// Work that a peer may cause in the long run, in units per second; beyond it nothing is read from it for a while.
    var workPerSecond = 20_000.0

    public init(genesisHash: Hash256, services: ServiceFlags, userAgent: String, nonce: UInt64) {
        self.genesisHash = genesisHash
        self.services = services
        self.userAgent = userAgent
        self.nonce = nonce
    }
}
