/// What is known of a connection, as `getpeerinfo` shows it.
public struct PeerInfo: Sendable, Equatable {
    public let id: PeerID
    /// The other side's address: a number form, not a name.
    public let host: String
    public let port: UInt16
    /// The other side made the connection.
    public let isInbound: Bool
    /// This node made the connection without being told to, to a place of its address book.
    public var isAutomatic = false
    /// What the peer said of itself.
    public let version: VersionMessage
    /// Seconds since 1970, as are the two times below.
    public let connectedAt: UInt64
    public var lastSend: UInt64
    public var lastReceive: UInt64
    public var bytesSent: UInt64
    public var bytesReceived: UInt64
    /// Bytes that wait to be sent.
    var sendQueueBytes: Int
    /// Round-trip times; nil before the first answer.
    public var pingTime: Duration?
    public var shortestPingTime: Duration?
    public var misbehaviourScore: Int
    /// When the peer last brought a block, or a transaction, that was new and right (`PeerNetwork.noteUseful`); 0 for never.
    public var lastBlock: UInt64 = 0
    public var lastTransaction: UInt64 = 0

    /// `host:port`, with brackets round an IPv6 address.
    public var address: String { PeerEndpoint(host: host, port: port).description }
    public var startHeight: UInt32 { version.startHeight }
    public var userAgent: String { version.userAgent }
    public var services: ServiceFlags { version.services }
}
