import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Listens at one or several addresses and has a service answer.
public final class HTTPServer: Sendable {
    /// The port that is listened on.
    public let port: Int
    /// Connections that are open.
    public var connections: Int { register.open }

    private let group: MultiThreadedEventLoopGroup
    private let listeners: [any Channel]
    private let register: ConnectionRegister

    /// - Throws: ``HTTPServerError`` naming the address that cannot be listened on.
    public init(_ endpoints: [HTTPEndpoint], settings: HTTPServerSettings, service: any HTTPService) async throws(HTTPServerError) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads), register = ConnectionRegister()
        var listeners: [any Channel] = []
        do throws(HTTPServerError) {
            for endpoint in endpoints {
                let port = endpoint.port == 0 ? listeners.first?.localAddress?.port ?? 0 : endpoint.port
                let listener = try await Self.listen(endpoint, port: port, group, settings, service, register)
                if let listener { listeners.append(listener) }
            }
        } catch {
            for listener in listeners { try? await listener.close() }
            try? await group.shutdownGracefully()
            throw error
        }
        self.group = group
        self.listeners = listeners
        self.register = register
        port = listeners.first?.localAddress?.port ?? 0
    }

    private static func listen(
        _ endpoint: HTTPEndpoint, port: Int, _ group: MultiThreadedEventLoopGroup, _ settings: HTTPServerSettings,
        _ service: any HTTPService, _ register: ConnectionRegister
    ) async throws(HTTPServerError) -> (any Channel)? {
        let ceiling = settings.connections + settings.refusals
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = settings.headLength
        limits.maxHeaderListSize = settings.headLength
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: !settings.cancelsAbandonedAnswers)
            .childChannelInitializer { [limits] channel in
                channel.eventLoop.makeCompletedFuture {
                    let count = register.opened()
                    let gate = ConnectionGate()
                    let connection = HTTPConnection(
                        channel, settings: settings, service: service, register: register, gate: gate, isSurplus: count > settings.connections)
                    try channel.pipeline.syncOperations.addHandler(gate)
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
                    try channel.pipeline.syncOperations.addHandler(connection)
                    guard count >= ceiling, let listener = channel.parent else { return }
                    _ = listener.setOption(.autoRead, value: false)
                    // Any may be the one whose end makes room; each looks.
                    channel.closeFuture.whenComplete { _ in
                        _ = listener.setOption(.autoRead, value: true)
                    }
                }
            }
        do {
            return try await bootstrap.bind(host: endpoint.host, port: port).get()
        } catch {
            let number = (error as? IOError)?.errnoCode
            if number == EADDRINUSE { throw .portInUse(host: endpoint.host, port: port) }
            if endpoint.isOptional, number == EADDRNOTAVAIL || number == EAFNOSUPPORT { return nil }
            throw .cannotListen(host: endpoint.host, port: port, reason: "\(error)")
        }
    }

    /// Takes no further connections.
    public func stopListening() async {
        for listener in listeners { try? await listener.close() }
    }

    /// Takes no more requests, waits for the replies that are being made, at most `limit`, then cancels what makes them, has them say so,
    /// and closes. On a busy machine they may need a while to notice.
    public func stop(waiting limit: Duration) async {
        await stopListening()
        register.forEach { $0.drain() }
        await waitForReplies(limit)
        register.forEach { $0.cancelAnswer() }
        await waitForReplies(.seconds(30))
        try? await group.shutdownGracefully()
    }

    private func waitForReplies(_ limit: Duration) async {
        let end = ContinuousClock.now + limit
        while register.answering > 0, .now < end { try? await Task.sleep(for: .milliseconds(5)) }
    }
}
