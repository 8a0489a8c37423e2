/// What the transport sends back: an HTTP status and a body of JSON (empty for statuses that have none).
public struct RPCReply: Sendable, Equatable {
    public let status: Int
    public let body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}
