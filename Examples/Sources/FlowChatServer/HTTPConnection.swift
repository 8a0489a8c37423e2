import Foundation
import NIOCore
import NIOHTTP1

/// One connection: takes requests whole, within limits, and cancels the answer when the client goes away.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case receiving(HTTPRequestHead, ByteBuffer)
        case answering(Task<Void, Never>)
        /// The request was refused before its end; the rest of it is thrown away until the connection is closed.
        case refused
    }

    private let limits: HTTPLimits
    private let isSurplus: Bool
    private let handle: @Sendable (HTTPRequest) async -> HTTPReply
    private let onClose: @Sendable () -> Void
    private var state = State.idle
    private var deadline: Scheduled<Void>?
    /// Counts answers: the next request can come before it is known here that the last answer has gone out.
    private var answers = 0

    init(
        limits: HTTPLimits, isSurplus: Bool, handle: @escaping @Sendable (HTTPRequest) async -> HTTPReply,
        onClose: @escaping @Sendable () -> Void
    ) {
        self.limits = limits
        self.isSurplus = isSurplus
        self.handle = handle
        self.onClose = onClose
    }

    func channelActive(context: ChannelHandlerContext) {
        close(context.channel, after: limits.idleTime)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        if case .answering(let task) = state { task.cancel() }
        state = .refused
        onClose()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle), (.head(let head), .answering):
            close(context.channel, after: limits.requestTime)
            let length = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
            if isSurplus { return refuse(head, .tooManyConnections, context) }
            if length > limits.bodyLength { return refuse(head, .tooLarge(limit: limits.bodyLength), context) }
            if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(.init(version: head.version, status: .continue))), promise: nil)
            }
            state = .receiving(head, context.channel.allocator.buffer(capacity: length))
        case (.body(let part), .receiving(let head, var body)):
            guard body.readableBytes + part.readableBytes <= limits.bodyLength else {
                return refuse(head, .tooLarge(limit: limits.bodyLength), context)
            }
            state = .idle  // lets the buffer grow in place
            body.writeImmutableBuffer(part)
            state = .receiving(head, body)
        case (.end, .receiving(let head, let body)):
            deadline?.cancel()
            answer(HTTPRequest(head: head, body: Data(body.readableBytesView)), head, context)
        default: break
        }
    }

    private func answer(_ request: HTTPRequest, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let channel = context.channel
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let writer = HTTPReplyWriter(channel: channel, head: head, writeTime: limits.writeTime)
        answers += 1
        state = .answering(
            Task { [handle, answers] in
                let keepsAlive = await writer.write(await handle(request))
                channel.eventLoop.execute { bound.value.answered(answers, channel, keepsAlive: keepsAlive) }
            })
    }

    private func answered(_ number: Int, _ channel: any Channel, keepsAlive: Bool) {
        guard keepsAlive, channel.isActive else {
            channel.close(promise: nil)
            return
        }
        guard number == answers, case .answering = state else { return }
        state = .idle
        close(channel, after: limits.idleTime)
    }

    /// Answers at once, then gives the client a moment to read that before the connection closes.
    private func refuse(_ head: HTTPRequestHead, _ error: APIError, _ context: ChannelHandlerContext) {
        state = .refused
        let writer = HTTPReplyWriter(channel: context.channel, head: head, writeTime: limits.writeTime)
        close(context.channel, after: .seconds(2))
        Task { _ = await writer.write(HTTPReply(error)) }
    }

    private func close(_ channel: any Channel, after time: TimeAmount) {
        deadline?.cancel()
        deadline = channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}

/// What a client may take of the server.
struct HTTPLimits: Sendable {
    /// Bytes of a body.
    var bodyLength = 4 << 20
    /// Connections at once.
    var connections = 512
    /// A connection without a request is closed after this time.
    var idleTime = TimeAmount.seconds(75)
    /// A request must be there in this time from its first byte.
    var requestTime = TimeAmount.seconds(30)
    /// A client must take a piece of the answer in this time.
    var writeTime = TimeAmount.seconds(30)
}
