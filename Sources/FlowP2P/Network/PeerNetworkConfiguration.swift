/// How a `PeerNetwork` behaves.
public struct PeerNetworkConfiguration: Sendable {
    /// The network's four bytes as a little-endian number.
    public var magic: UInt32
    public var connection: ConnectionParameters
    public var checksum = EnvelopeChecksum.keccak256d

    /// Inbound connections at most, handshakes and departed peers whose events wait for the consumer included.
    public var maximumInbound = 117
    /// Inbound connections of one host at most; hosts on loopback are exempt.
    public var maximumInboundPerHost = 16
    /// Bytes waiting for one peer at which nothing more is read from it, and `sendWhenReady` waits.
    public var sendQueueMark = 1 << 20
    /// Bytes waiting for one peer at which it is cut off.
    public var sendQueueLimit = 32 << 20
    /// Bytes of one peer's messages waiting for the consumer at which nothing more is read from it.
    public var eventQueueMark = 4 << 20
    public var connectTimeout: Duration = .seconds(10)
    public var shortestReconnectPause: Duration = .seconds(1)
    public var longestReconnectPause: Duration = .seconds(300)
    /// A connection that lasted this long starts the pauses from the shortest again.
    public var lastingConnection: Duration = .seconds(60)
    /// How long the host of a misbehaving peer is kept out. Hosts on loopback are only cut off, as in Bitcoin.
    public var banTime: Duration = .seconds(24 * 3600)
    /// How often timeouts are looked at.
    public var tickInterval: Duration = .seconds(1)
    public var clock = PeerClock.system

    public init(magic: UInt32, connection: ConnectionParameters) {
        self.magic = magic
        self.connection = connection
    }
}
