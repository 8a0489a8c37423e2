import NIOCore
import NIOHTTP1

/// One connection: takes requests whole and within limits, one after the other, and sends their replies.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    enum State {
        case idle
        /// Keeps the body of a request.
        case receiving(HTTPRequest)
        /// The request was refused by its head: the rest of it is thrown away.
        case passing(HTTPReply, count: Int)
        case answering
        /// Everything was said: what still comes is thrown away until the client closes, too.
        case closing
    }

    let settings: HTTPServerSettings
    let service: any HTTPService
    let register: ConnectionRegister
    let gate: ConnectionGate
    let channel: any Channel
    private let isSurplus: Bool
    private let peer: String
    private var deadline = ConnectionDeadline()
    private var task: Task<Void, Never>?
    private var isOpen = true
    var state = State.idle
    /// What the reply must fit.
    var exchange = HTTPExchange()
    /// Whether this exchange is the last: the server or the client ends.
    var isLast = false

    init(
        _ channel: any Channel, settings: HTTPServerSettings, service: any HTTPService, register: ConnectionRegister, gate: ConnectionGate,
        isSurplus: Bool
    ) {
        self.channel = channel
        self.settings = settings
        self.service = service
        self.register = register
        self.gate = gate
        self.isSurplus = isSurplus
        peer = channel.remoteAddress?.ipAddress ?? ""
    }

    // MARK: What comes in

    func channelActive(context: ChannelHandlerContext) {
        register.add(NIOLoopBound(self, eventLoop: context.eventLoop))
        close(after: isSurplus ? .seconds(2) : settings.idleTime)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        deadline.cancel()
        if settings.cancelsAbandonedAnswers { task?.cancel() }
        if case .answering = state { register.answerEnded() }
        state = .closing
        register.closed()
        if task == nil { register.remove(self) }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            // The client has asked all that it will ask. What came in whole is answered.
            if case .answering = state { isLast = true } else { channel.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (state, error as? HTTPParserError) {
        case (.closing, _): break
        case (.idle, .headerOverflow?), (.receiving, .headerOverflow?), (.passing, .headerOverflow?):
            refuse(.headTooLong(limit: settings.headLength))
        case (.idle, .invalidMethod?): refuse(.unknownMethod)
        case (.idle, .some), (.receiving, .some), (.passing, .some): refuse(.malformed)
        case (.answering, _), (_, nil): context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let part): take(part)
        case .end: end()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        guard case .idle = state else { return }
        exchange = HTTPExchange(head)
        close(after: settings.requestTime)
        if let fault = fault(in: head) { return refuse(fault) }
        let request = HTTPRequest(head, peer: peer)
        if let reply = service.refusal(of: request) {
            // Who waits for leave to send a body gets the answer instead of the leave.
            if exchange.awaitsLeave { return refuse(reply) }
            state = .passing(reply, count: 0)
            return
        }
        if exchange.awaitsLeave {
            channel.writeAndFlush(HTTPServerResponsePart.head(.init(version: head.version, status: .continue)), promise: nil)
        }
        state = .receiving(request)
    }

    private func fault(in head: HTTPRequestHead) -> HTTPFault? {
        if isSurplus { return .tooManyConnections(limit: settings.connections) }
        let length = head.headers.reduce(head.uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        if length > settings.headLength { return .headTooLong(limit: settings.headLength) }
        // A length beyond all numbers is too long, too.
        if let length = head.headers.first(name: "Content-Length"), (Int(length) ?? .max) > settings.bodyLength {
            return .bodyTooLong(limit: settings.bodyLength)
        }
        if let expectation = head.headers.first(name: "Expect"), expectation.lowercased() != "100-continue" { return .unknownExpectation }
        return nil
    }

    private func take(_ part: ByteBuffer) {
        switch state {
        case .receiving(var request):
            guard request.body.count + part.readableBytes <= settings.bodyLength else {
                return refuse(.bodyTooLong(limit: settings.bodyLength))
            }
            state = .idle  // lets the body grow in place
            part.withUnsafeReadableBytes { request.body.append(contentsOf: $0) }
            state = .receiving(request)
        case .passing(let reply, let count):
            guard count + part.readableBytes <= settings.bodyLength else {
                return refuse(.bodyTooLong(limit: settings.bodyLength))
            }
            state = .passing(reply, count: count + part.readableBytes)
        case .idle, .answering, .closing: break
        }
    }

    private func end() {
        switch state {
        case .receiving(let request):
            beginAnswer()
            answer(request)
        case .passing(let reply, _):
            beginAnswer()
            guard reply.delay > .zero else { return send(reply) }
            let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
            channel.eventLoop.scheduleTask(in: TimeAmount(reply.delay)) { connection.value.send(reply) }
        case .idle, .answering, .closing: break
        }
    }

    private func beginAnswer() {
        deadline.clear()
        state = .answering
        register.answerBegan()
    }

    private func answer(_ request: HTTPRequest) {
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        task = Task { [service, channel] in await HTTPConnection.answer(request, service, connection, channel) }
    }

    private static func answer(
        _ request: HTTPRequest, _ service: any HTTPService, _ connection: NIOLoopBound<HTTPConnection>, _ channel: any Channel
    ) async {
        let reply = await service.answer(request)
        switch reply.body {
        case .whole: channel.eventLoop.execute { connection.value.answered(reply) }
        case .stream(let pieces): await send(reply, pieces, connection, channel)
        }
    }

    private func answered(_ reply: HTTPReply) {
        endTask()
        send(reply)
    }

    /// The service has nothing more to do for this request.
    func endTask() {
        task = nil
        if !isOpen { register.remove(self) }
    }

    // MARK: The end

    /// Everything of a reply is out: the next request may come.
    func endAnswer() {
        guard case .answering = state else { return }
        register.answerEnded()
        let goesOn = exchange.keepsAlive && !isLast
        state = goesOn ? .idle : .closing
        if goesOn { close(after: settings.idleTime) } else { gate.isShut = true }
        // Lets the next request through, which may have come already; needs no flush.
        channel.write(HTTPServerResponsePart.end(nil), promise: nil)
        if !goesOn { linger() }
    }

    /// Closes this side, and the whole a little later: bytes that come in meanwhile do not destroy what the client has yet to read.
    func linger() {
        channel.flush()
        channel.close(mode: .output, promise: nil)
        close(after: .seconds(5))
    }

    /// The server ends: closes at once unless a reply is being made.
    func drain() {
        isLast = true
        if case .answering = state { return }
        channel.close(promise: nil)
    }

    func cancelAnswer() { task?.cancel() }

    func close(after time: Duration) {
        let end = NIODeadline.now() + TimeAmount(time)
        if deadline.move(to: end) { schedule(end) }
    }

    func clearDeadline() { deadline.clear() }

    private func schedule(_ time: NIODeadline) {
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        deadline.schedule(at: time, channel.eventLoop.scheduleTask(deadline: time) { connection.value.lookAtDeadline() })
    }

    private func lookAtDeadline() {
        guard let time = deadline.look() else { return }
        if time <= .now() { channel.close(promise: nil) } else { schedule(time) }
    }
}
