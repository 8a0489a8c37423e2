/// What stands behind a server.
public protocol HTTPService: Sendable {
    /// Refuses a request by its head, before anything of its body is kept; nil lets it in.
    func refusal(of head: HTTPRequest) -> HTTPReply?

    /// Answers a request that came in whole.
    func answer(_ request: HTTPRequest) async -> HTTPReply

    /// Words what the server refuses by itself.
    func reply(to fault: HTTPFault) -> HTTPReply
}
