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

    func head(_ reply: HTTPReply, length: Int?, keepsAlive: Bool) -> HTTPServerResponsePart {
        var headers = HTTPHeaders()
        headers.reserveCapacity(reply.headers.count + 3)
        for (name, value) in reply.headers { headers.add(name: name, value: value) }
        headers.add(name: "Date", value: HTTPDate.now)
        // RFC 9110 section 8.6: none with 204.
        if let length, reply.status != 204 { headers.add(name: "Content-Length", value: "\(length)") }
        if !keepsAlive {
            headers.replaceOrAdd(name: "Connection", value: "close")
        } else if version.minor == 0 {
            headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        return .head(HTTPResponseHead(version: version, status: .init(statusCode: reply.status), headers: headers))
    }
}
