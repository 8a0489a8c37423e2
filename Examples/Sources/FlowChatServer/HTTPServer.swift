import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Listens and hands requests to a function.
final class HTTPServer: Sendable {
    /// The port that is listened on.
    let port: Int
    /// Connections that are open.
    var connections: Int { open.current }

    private let channel: any Channel
    private let open: Counter

    /// - Throws: `ServerError` naming the address when it cannot be listened on.
    init(
        host: String, port: Int, limits: HTTPLimits, handle: @escaping @Sendable (HTTPRequest) async -> HTTPReply
    ) async throws {
        let open = Counter()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let count = open.add(1)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(
                        HTTPConnection(
                            limits: limits, isSurplus: count > limits.connections, handle: handle, onClose: { open.add(-1) }))
                }
            }
        do {
            channel = try await bootstrap.bind(host: host, port: port).get()
        } catch {
            throw ServerError("cannot listen on \(host), port \(port): \(error); choose another with --port or --host")
        }
        self.open = open
        self.port = channel.localAddress?.port ?? port
    }

    /// Takes no further connections.
    func stop() async { try? await channel.close() }
}

/// A number that threads share.
final class Counter: Sendable {
    private let value = Atomic(0)
    @discardableResult func add(_ more: Int) -> Int { value.add(more, ordering: .relaxed).newValue }
    var current: Int { value.load(ordering: .relaxed) }
}

/// Why the server could not start, for people.
public struct ServerError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
