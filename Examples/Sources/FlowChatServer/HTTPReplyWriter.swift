import Foundation
import NIOCore
import NIOHTTP1

/// Writes one reply, as fast as the client takes it.
struct HTTPReplyWriter: Sendable {
    let channel: any Channel
    let head: HTTPRequestHead
    let writeTime: TimeAmount

    /// Whether the connection may carry a further request.
    func write(_ reply: HTTPReply) async -> Bool {
        var headers = HTTPHeaders(reply.headers.sorted { $0.key < $1.key })
        let keepsAlive = head.isKeepAlive && reply.headers["Connection"] != "close"
        if !keepsAlive {
            headers.replaceOrAdd(name: "Connection", value: "close")
        } else if head.version.minor == 0 {
            headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        if !headers.contains(name: "Cache-Control") { headers.add(name: "Cache-Control", value: "no-store") }
        do {
            switch reply.body {
            case .whole(let data):
                headers.add(name: "Content-Length", value: "\(data.count)")
                channel.write(start(reply, headers), promise: nil)
                if head.method != .HEAD { channel.write(part(data), promise: nil) }
                try await flush(.end(nil))
                return keepsAlive
            case .stream(let pieces):
                // HTTP/1.0 has no chunks: the end of the connection is the end of the answer.
                let endsByClosing = head.version.minor == 0
                if endsByClosing { headers.replaceOrAdd(name: "Connection", value: "close") }
                try await flush(start(reply, headers))
                for try await piece in pieces { try await flush(part(piece)) }
                try await flush(.end(nil))
                return keepsAlive && !endsByClosing
            }
        } catch {
            // The client is gone or too slow, or the answer broke off: an unfinished body tells the client so.
            return false
        }
    }

    private func start(_ reply: HTTPReply, _ headers: HTTPHeaders) -> HTTPServerResponsePart {
        .head(HTTPResponseHead(version: head.version, status: .init(statusCode: reply.status), headers: headers))
    }

    private func part(_ data: Data) -> HTTPServerResponsePart { .body(.byteBuffer(ByteBuffer(bytes: data))) }

    private func flush(_ part: HTTPServerResponsePart) async throws {
        let deadline = channel.eventLoop.scheduleTask(in: writeTime) { [channel] in channel.close(promise: nil) }
        defer { deadline.cancel() }
        try await channel.writeAndFlush(part)
    }
}
