/// What goes back.
public struct HTTPReply: Sendable {
    public enum Body: Sendable {
        case whole([UInt8])
        /// Pieces that go out as they come; when the stream throws, the connection is cut so that the client notices.
        case stream(AsyncThrowingStream<[UInt8], any Error>)
    }

    public let status: Int
    /// Names and values. The server adds `Content-Length`, `Date` and `Connection`.
    public var headers: [String: String]
    public let body: Body
    /// How long the reply is held back.
    public var delay = Duration.zero

    public init(status: Int = 200, type: String, headers: [String: String] = [:], body: Body) {
        self.status = status
        self.headers = headers
        self.headers["Content-Type"] = type
        self.body = body
    }

    /// One line for people.
    public init(status: Int, text: String) {
        self.init(status: status, type: "text/plain; charset=utf-8", body: .whole(Array(text.utf8)))
    }
}
