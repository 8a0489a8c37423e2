import NIOCore
import NIOHTTP1

/// What a reply must fit of its request.
struct HTTPExchange {
    var version = HTTPVersion.http1_1
    var isHead = false
    var keepsAlive = false
    /// Whether the client holds its body back until it is told to go on (RFC 9110 section 10.1.1).
    var awaitsLeave = false

    /// For what never was a request.
    init() {}

    init(_ head: HTTPRequestHead) {
        version = head.version
        isHead = head.method == .HEAD
        // Behind an upgrade, which no service here makes, the parser reads nothing any more.
        keepsAlive = head.isKeepAlive && !head.headers.contains(name: "Upgrade") && head.method != .CONNECT
        awaitsLeave = head.version.minor > 0 && head.headers.first(name: "Expect") != nil
    }

    /// HTTP/1.0 has no chunks: there the end of the connection is the end of a stream.
    var knowsChunks: Bool { version.minor > 0 }

    /// Writes status line and headers.
    /// - Parameter length: of the body; nil where it comes in chunks, or ends with the connection.
    func writeHead(of reply: HTTPReply, length: Int?, keepsAlive: Bool, to buffer: inout ByteBuffer) {
        let status = HTTPResponseStatus(statusCode: reply.status)
        buffer.writeStaticString(version.minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ")
        buffer.writeString(String(reply.status))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        for (name, value) in reply.headers where name != "Connection" { write(name, value, to: &buffer) }
        write("Date", HTTPDate.now, to: &buffer)
        if let length {
            // RFC 9110 section 8.6: none with 204.
            if reply.status != 204 { write("Content-Length", String(length), to: &buffer) }
        } else if knowsChunks {
            write("Transfer-Encoding", "chunked", to: &buffer)
        }
        if !keepsAlive {
            write("Connection", "close", to: &buffer)
        } else if version.minor == 0 {
            write("Connection", "keep-alive", to: &buffer)
        }
        buffer.writeStaticString("\r\n\r\n")
    }

    private func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
        buffer.writeStaticString("\r\n")
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
    }

    /// A piece of a stream's body (RFC 9112 section 7.1).
    func chunk(_ piece: [UInt8], _ allocator: ByteBufferAllocator) -> ByteBuffer {
        guard knowsChunks else { return allocator.buffer(bytes: piece) }
        // An empty one would be the end.
        guard !piece.isEmpty else { return allocator.buffer(capacity: 0) }
        var buffer = allocator.buffer(capacity: piece.count + 16)
        buffer.writeString(String(piece.count, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(piece)
        buffer.writeStaticString("\r\n")
        return buffer
    }
}
