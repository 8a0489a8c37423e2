import NIOCore

extension HTTPConnection {
    /// Longest piece of a body that must be taken within the time for one.
    private static let pieceLength = 1 << 20

    /// Sends a reply as fast as the client takes it.
    func send(_ reply: HTTPReply) {
        guard case .answering = state, case .whole(let body) = reply.body else { return }
        exchange.keepsAlive = exchange.keepsAlive && !isLast && reply.headers["Connection"] != "close"
        var buffer = head(reply, length: body.count)
        // Head and first piece go in one flush, or the second would wait for an acknowledgement of the first.
        let rest = exchange.isHead ? [] : body[...]
        buffer.writeBytes(rest.prefix(Self.pieceLength))
        send(buffer, rest.dropFirst(Self.pieceLength))
    }

    private func head(_ reply: HTTPReply, length: Int?) -> ByteBuffer {
        var buffer = channel.allocator.buffer(capacity: 256 + min(length ?? 0, Self.pieceLength))
        exchange.writeHead(of: reply, length: length, keepsAlive: exchange.keepsAlive, to: &buffer)
        return buffer
    }

    /// The next piece goes out when the one before has been taken.
    private func send(_ buffer: ByteBuffer, _ rest: ArraySlice<UInt8>) {
        let sent = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(buffer, promise: sent)
        close(after: settings.writeTime)
        sent.futureResult.assumeIsolated().whenComplete { result in
            guard case .success = result else { return self.channel.close(promise: nil) }
            if rest.isEmpty { return self.endAnswer() }
            self.send(self.channel.allocator.buffer(bytes: rest.prefix(Self.pieceLength)), rest.dropFirst(Self.pieceLength))
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
                try await loop.flatSubmit { connection.value.sendEnd() }.get()
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
        return written(head(reply, length: nil)).map { isHead }
    }

    private func send(piece: [UInt8]) -> EventLoopFuture<Void> { written(exchange.chunk(piece, channel.allocator)) }

    private func sendEnd() -> EventLoopFuture<Void> {
        written(channel.allocator.buffer(string: exchange.knowsChunks ? "0\r\n\r\n" : ""))
    }

    private func written(_ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        close(after: settings.writeTime)
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        return channel.writeAndFlush(buffer).map { connection.value.clearDeadline() }
    }

    func refuse(_ fault: HTTPFault) { refuse(service.reply(to: fault)) }

    /// Answers before the request has ended, and lets nothing more in.
    func refuse(_ reply: HTTPReply) {
        state = .closing
        gate.isShut = true
        body = []
        close(after: reply.delay + .seconds(5))
        guard reply.delay > .zero else { return sendRefusal(reply) }
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(in: TimeAmount(reply.delay)) { connection.value.sendRefusal(reply) }
    }

    private func sendRefusal(_ reply: HTTPReply) {
        guard channel.isActive, case .whole(let body) = reply.body else { return }
        exchange.keepsAlive = false
        var buffer = head(reply, length: body.count)
        if !exchange.isHead { buffer.writeBytes(body) }
        channel.writeAndFlush(buffer, promise: nil)
        linger()
    }
}
