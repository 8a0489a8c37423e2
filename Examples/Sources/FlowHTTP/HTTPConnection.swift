import NIOCore
import NIOHTTP1

/// One connection: takes requests whole and within limits, one after the other, and sends their replies.
final class HTTPConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Event {
        case part(HTTPServerRequestPart)
        case failure(HTTPParserError)
        case inputEnded
    }

    enum State {
        case idle
        /// Keeps the body of a request, apart: so it grows in place.
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
    private var context: ChannelHandlerContext?
    /// What came while a reply was being made: it waits, and as long as it does nothing more is read.
    private var backlog = CircularBuffer<Event>()
    private var isReadHeld = false
    private var isResuming = false
    private var deadline = ConnectionDeadline()
    private var task: Task<Void, Never>?
    private var isOpen = true
    /// What has come of the body of the request that is being received.
    var body: [UInt8] = []
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
        close(after: settings.idleTime)
        if isSurplus { refuse(.tooManyConnections(limit: settings.connections)) }
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

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if backlog.isEmpty { context.read() } else { isReadHeld = true }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { take(.inputEnded) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError { take(.failure(error)) } else { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(.part(unwrapInboundIn(data))) }

    private func take(_ event: Event) {
        if case .answering = state { backlog.append(event) } else if backlog.isEmpty { handle(event) } else { backlog.append(event) }
    }

    /// Goes on with what came meanwhile.
    private func resume() {
        guard !isResuming else { return }
        isResuming = true
        defer { isResuming = false }
        while !backlog.isEmpty {
            if case .answering = state { return }
            handle(backlog.removeFirst())
        }
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    private func handle(_ event: Event) {
        switch event {
        case .part(.head(let head)): if case .idle = state { begin(head) }
        case .part(.body(let part)): take(part)
        case .part(.end): end()
        case .failure(let error): fail(error)
        case .inputEnded: channel.close(promise: nil)
        }
    }

    private func fail(_ error: HTTPParserError) {
        switch (error, state) {
        case (_, .closing): break
        case (.headerOverflow, _): refuse(.headTooLong(limit: settings.headLength))
        case (.invalidMethod, .idle): refuse(.unknownMethod)
        default: refuse(.malformed)
        }
    }

    private func begin(_ head: HTTPRequestHead) {
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
            channel.writeAndFlush(channel.allocator.buffer(string: "HTTP/1.1 100 Continue\r\n\r\n"), promise: nil)
        }
        state = .receiving(request)
    }

    private func fault(in head: HTTPRequestHead) -> HTTPFault? {
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
        case .receiving:
            guard body.count + part.readableBytes <= settings.bodyLength else {
                return refuse(.bodyTooLong(limit: settings.bodyLength))
            }
            part.withUnsafeReadableBytes { body.append(contentsOf: $0) }
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
        case .receiving(var request):
            request.body = body
            body = []
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
        guard goesOn else { return linger() }
        close(after: settings.idleTime)
        resume()
    }

    /// Closes this side, and the whole a little later: bytes that come in meanwhile do not destroy what the client has yet to read.
    func linger() {
        gate.isShut = true
        channel.close(mode: .output, promise: nil)
        // Who was refused before asking may still be about to ask.
        close(after: isSurplus ? settings.requestTime : .seconds(5))
        resume()
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
