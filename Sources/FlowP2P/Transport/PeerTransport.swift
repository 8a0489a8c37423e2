/// How bytes get from node to node: TCP (`PeerNetwork`'s own), or memory (`InMemoryTransport`).
public protocol PeerTransport: Sendable {
    /// Takes connections until `shutdown`.
    /// - Parameter accept: gives who reads from a new link, or nil to close it.
    /// - Returns: the port, which the system chose where `endpoint.port` is 0.
    func listen(
        _ endpoint: PeerEndpoint, accept: @escaping @Sendable (any PeerLink) -> (any PeerLinkReader)?
    ) async throws(PeerNetworkError) -> UInt16

    /// Makes a connection. `accept` is called as for `listen`, before this returns.
    func connect(
        _ endpoint: PeerEndpoint, timeout: Duration, accept: @escaping @Sendable (any PeerLink) -> (any PeerLinkReader)?
    ) async throws(PeerNetworkError)

    /// Ends listening and all links.
    func shutdown() async
}

/// One connection of a transport. Its methods may be called from anywhere, by callers that hold locks too: they do not wait,
/// and never call the reader or a `done` back before they return.
public protocol PeerLink: AnyObject, Sendable {
    /// The other side.
    var remote: PeerEndpoint { get }
    /// This side, where it is known: how others may reach this machine.
    var local: PeerEndpoint? { get }
    /// Sends bytes after those of earlier calls; `done` is called when they have left this node or never will.
    func write(_ bytes: [UInt8], done: @escaping @Sendable () -> Void)
    /// Stops or goes on reading; while stopped, the other side cannot send more than the transport's buffers hold.
    func setReading(_ enabled: Bool)
    /// Ends the link, after what was written where that goes at once.
    func close()
}

/// Who reads from a link. Calls come one after the other.
public protocol PeerLinkReader: AnyObject, Sendable {
    func linkDidReceive(_ bytes: [UInt8])
    /// The last call.
    func linkDidClose(_ why: String?)
}
