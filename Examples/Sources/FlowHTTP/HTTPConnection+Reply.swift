import NIOCore
import NIOHTTP1

extension HTTPConnection {
    /// Longest piece of a body that must be taken within the time for one.
    private static let pieceLength = 1 << 20

    /// Sends a reply as fast as the client takes it.
    func send(_ reply: HTTPReply) {
        guard case .answering = state, case .whole(let body) = reply.body else { return }
        exchange.keepsAlive = exchange.keepsAlive && !isLast && reply.headers["Connection"] != "close"
        channel.write(exchange.head(reply, length: body.count, keepsAlive: exchange.keepsAlive), promise: nil)
        send(exchange.isHead ? [] : body[...])
    }

    /// The next piece goes out when the one before has been taken; head and first piece go in one flush.
    private func send(_ rest: ArraySlice<UInt8>) {
        let piece = rest.prefix(Self.pieceLength), next = rest.dropFirst(Self.pieceLength)
        let sent = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(
            HTTPServerResponsePart.body(.byteBuffer(channel.allocator.buffer(bytes: piece))), promise: sent)
        close(after: settings.writeTime)
        sent.futureResult.assumeIsolated().whenComplete { result in
            guard case .success = result else { return self.channel.close(promise: nil) }
            if next.isEmpty { self.endAnswer() } else { self.send(next) }
        }
    }

    /// Sends the pieces of a stream, each when the one before has been taken. What breaks off is not ended: so the client knows.
    static func send(
        _ reply: HTTPReply, _ pieces: AsyncThrowingStream<[UInt8], any Error>, _ connection: NIOLoopBound<HTTPConnection>,
        _ channel: any Channel
    ) async {
        let loop = channel.eventLoop
        do {
            let isHead = try await loop.flatSubmit { connection.value.begin(reply) }.get()
            if !isHead {
                for try await piece in pieces { try await loop.flatSubmit { connection.value.send(piece: piece) }.get() }
            }
            loop.execute {
                connection.value.endTask()
                connection.value.endAnswer()
            }
        } catch {
            loop.execute {
                connection.value.endTask()
                channel.close(promise: nil)
            }
        }
    }

    private func begin(_ reply: HTTPReply) -> EventLoopFuture<Bool> {
        exchange.keepsAlive = exchange.keepsAlive && !isLast && exchange.knowsChunks && reply.headers["Connection"] != "close"
        let isHead = exchange.isHead
        return written(exchange.head(reply, length: nil, keepsAlive: exchange.keepsAlive)).map { isHead }
    }

    private func send(piece: [UInt8]) -> EventLoopFuture<Void> {
        written(.body(.byteBuffer(channel.allocator.buffer(bytes: piece))))
    }

    private func written(_ part: HTTPServerResponsePart) -> EventLoopFuture<Void> {
        close(after: settings.writeTime)
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        return channel.writeAndFlush(part).map { connection.value.clearDeadline() }
    }

    func refuse(_ fault: HTTPFault) { refuse(service.reply(to: fault)) }

    /// Answers before the request has ended, and lets nothing more in.
    func refuse(_ reply: HTTPReply) {
        state = .closing
        gate.isShut = true
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        close(after: reply.delay + .seconds(5))
        guard reply.delay > .zero else { return sendRefusal(reply) }
        channel.eventLoop.scheduleTask(in: TimeAmount(reply.delay)) { connection.value.sendRefusal(reply) }
    }

    private func sendRefusal(_ reply: HTTPReply) {
        guard channel.isActive, case .whole(let body) = reply.body else { return }
        channel.write(exchange.head(reply, length: body.count, keepsAlive: false), promise: nil)
        if !exchange.isHead { channel.write(HTTPServerResponsePart.body(.byteBuffer(channel.allocator.buffer(bytes: body))), promise: nil) }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        linger()
    }
}
