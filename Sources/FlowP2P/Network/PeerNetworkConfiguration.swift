/// How a `PeerNetwork` behaves.
public struct PeerNetworkConfiguration: Sendable {
    /// The network's four bytes as a little-endian number.
    public var magic: UInt32
    public var connection: ConnectionParameters
    public var checksum = EnvelopeChecksum.keccak256d

    /// Inbound connections at most, handshakes included; as many departed peers may have events that wait for the consumer.
    /// When all are taken, a newcomer takes the place that Bitcoin Core's choice gives him, where it gives him one.
    public var maximumInbound = 117
    /// Connections to keep up to places of the address book, besides those of `connect`; 0 for none.
    public var automaticOutbound = 8
    /// The places known at first.
    public var addressBook = AddressBook()
    /// Places where others reach this node, besides those where it listens; told to others.
    public var externalAddresses: [PeerEndpoint] = []
    /// The bans in force at first.
    public var bans = BanList()
    /// Called when a ban begins, changes or is lifted (nil), in that order, to be kept until the next run. It may be called on a connection's thread.
    public var banChanged: @Sendable (_ range: NetworkRange, _ end: UInt64?) -> Void = { _, _ in }
    /// Decides which addresses are chosen and told.
    public var seed = UInt64.random(in: .min ... .max)
    /// Decides which net groups are protected when places are full; to be kept secret.
    var evictionKey = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    /// Inbound connections of one host at most; hosts on loopback are exempt.
    var maximumInboundPerHost = 16
    /// Bytes waiting for one peer at which nothing more is read from it, and `sendWhenReady` waits.
    var sendQueueMark = 1 << 20
    /// Bytes waiting for one peer at which it is cut off.
    var sendQueueLimit = 32 << 20
    /// Bytes of one peer's messages waiting for the consumer at which nothing more is read from it.
    var eventQueueMark = 4 << 20
    /// Bytes of all peers together that wait in decoders and for the consumer: from three quarters nothing more is read from
    /// peers whose messages wait, and above it the connection whose unfinished message costs most is cut.
    var receiveMemory = 48 << 20
    /// Bytes that wait to be sent to all peers together: from half of it `sendWhenReady` waits, and above it the slowest peer
    /// is cut off.
    var sendMemory = 64 << 20
    public var connectTimeout: Duration = .seconds(10)
    var shortestReconnectPause: Duration = .seconds(1)
    var longestReconnectPause: Duration = .seconds(300)
    /// A connection that lasted this long starts the pauses from the shortest again.
    var lastingConnection: Duration = .seconds(60)
    /// How long the host of a misbehaving peer is kept out. Hosts on loopback are only cut off, as in Bitcoin.
    public var banTime: Duration = .seconds(24 * 3600)
    /// How often timeouts are looked at.
    var tickInterval: Duration = .seconds(1)
    public var clock = PeerClock.system

    public init(magic: UInt32, connection: ConnectionParameters) {
        self.magic = magic
        self.connection = connection
    }
}
