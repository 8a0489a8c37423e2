import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Links over TCP, by SwiftNIO, on one thread of its own.
final class TCPTransport: PeerTransport {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let stopped = NIOLockedValueBox(false)
    private let listeners = NIOLockedValueBox<[any Channel]>([])

    func listen(
        _ endpoint: PeerEndpoint, accept: @escaping @Sendable (any PeerLink) -> (any PeerLinkReader)?
    ) async throws(PeerNetworkError) -> UInt16 {
        if stopped.withLockedValue({ $0 }) { throw .stopped }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TCPLinkHandler(expected: nil, accept: accept))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: endpoint.host, port: Int(endpoint.port)).get()
            listeners.withLockedValue { $0.append(channel) }
            return UInt16(clamping: channel.localAddress?.port ?? Int(endpoint.port))
        } catch {
            throw Self.listenError(error, endpoint)
        }
    }

    func connect(
        _ endpoint: PeerEndpoint, timeout: Duration, accept: @escaping @Sendable (any PeerLink) -> (any PeerLinkReader)?
    ) async throws(PeerNetworkError) {
        if stopped.withLockedValue({ $0 }) { throw .stopped }
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TCPLinkHandler(expected: endpoint, accept: accept))
                }
            }
        do {
            let channel = try await bootstrap.connect(host: endpoint.host, port: Int(endpoint.port)).get()
            // The handler adopts the channel when it becomes active, in the loop's present turn: wait for its end.
            try await channel.eventLoop.submit {}.get()
        } catch {
            throw .unreachable(endpoint, Self.words(error))
        }
    }

    func shutdown() async {
        let first = stopped.withLockedValue { stopped in
            defer { stopped = true }
            return !stopped
        }
        guard first else { return }
        for listener in listeners.withLockedValue({ $0 }) { try? await listener.close() }
        try? await group.shutdownGracefully()
    }

    private static func listenError(_ error: any Error, _ endpoint: PeerEndpoint) -> PeerNetworkError {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: .portInUse(endpoint)
        case EACCES, EPERM: .portForbidden(endpoint)
        case EADDRNOTAVAIL: .addressUnavailable(endpoint)
        default: .cannotListen(endpoint, words(error))
        }
    }

    /// An error in words, the innermost cause where there are several.
    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as IOError:
            return strerror(error.errnoCode).map { String(cString: $0) } ?? "error \(error.errnoCode)"
        case let error as NIOConnectionError:
            if let last = error.connectionErrors.last { return words(last.error) }
            return "the name cannot be resolved"
        case ChannelError.connectTimeout(let time): return "no answer within \(time.nanoseconds / 1_000_000_000) seconds"
        default: return "\(error)"
        }
    }
}

/// A channel's end of a link. All its work happens on the channel's event loop.
final class TCPLink: PeerLink {
    let remote: PeerEndpoint
    let local: PeerEndpoint?
    private let channel: any Channel
    private let isReading = NIOLockedValueBox(true)

    init(channel: any Channel, remote: PeerEndpoint) {
        self.channel = channel
        self.remote = remote
        local = channel.localAddress.flatMap { address in
            address.ipAddress.map { PeerEndpoint(host: $0, port: UInt16(clamping: address.port ?? 0)) }
        }
    }

    var mayRead: Bool { isReading.withLockedValue { $0 } }

    func write(_ bytes: [UInt8], done: @escaping @Sendable () -> Void) {
        channel.eventLoop.execute { [channel] in
            let buffer = channel.allocator.buffer(bytes: bytes)
            channel.writeAndFlush(buffer).whenComplete { _ in done() }
        }
    }

    func setReading(_ enabled: Bool) {
        isReading.withLockedValue { $0 = enabled }
        // A read that the handler held back is asked for again.
        if enabled { channel.eventLoop.execute { [channel] in channel.read() } }
    }

    func close() {
        channel.eventLoop.execute { [channel] in channel.close(promise: nil) }
    }
}

/// Hands a channel's bytes to the reader of its link, and holds reads back while the link does not want any.
private final class TCPLinkHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let expected: PeerEndpoint?
    private let accept: @Sendable (any PeerLink) -> (any PeerLinkReader)?
    private var link: TCPLink?
    private var reader: (any PeerLinkReader)?
    private var failure: String?

    init(expected: PeerEndpoint?, accept: @escaping @Sendable (any PeerLink) -> (any PeerLinkReader)?) {
        self.expected = expected
        self.accept = accept
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.channel.remoteAddress
        let host = address?.ipAddress ?? expected?.host ?? "unknown"
        let port = UInt16(clamping: address?.port ?? Int(expected?.port ?? 0))
        let link = TCPLink(channel: context.channel, remote: PeerEndpoint(host: host, port: port))
        guard let reader = accept(link) else {
            context.close(promise: nil)
            return
        }
        self.link = link
        self.reader = reader
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader?.linkDidReceive(Array(unwrapInboundIn(data).readableBytesView))
    }

    func read(context: ChannelHandlerContext) {
        if link?.mayRead ?? true { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = "\(error)"
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let reader = reader
        self.reader = nil
        link = nil
        reader?.linkDidClose(failure)
        context.fireChannelInactive()
    }
}
