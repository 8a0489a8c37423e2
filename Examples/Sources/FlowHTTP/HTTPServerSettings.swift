/// What a client may take of a server.
public struct HTTPServerSettings: Sendable {
    /// Bytes of request line and headers.
    public var headLength = 64 << 10
    /// Bytes of a body.
    public var bodyLength = 4 << 20
    /// Connections at once; further ones are told so and closed.
    public var connections = 512
    /// Connections that are being told so at once; further ones wait to be taken.
    public var refusals = 1_024
    /// A connection without a request is closed after this time.
    public var idleTime = Duration.seconds(75)
    /// A request's body must be there in this time from its head.
    public var requestTime = Duration.seconds(30)
    /// A client must take a piece of the answer in this time.
    public var writeTime = Duration.seconds(30)
    /// Threads that read and write.
    public var threads = 1
    /// Whether an answer is cancelled when its client goes away. If not, clients may also close their side behind a request and read on.
    public var cancelsAbandonedAnswers = true

    public init() {}
}
