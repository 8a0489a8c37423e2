/// What the server refuses by itself. The connection is closed behind the reply.
public enum HTTPFault: Sendable, Equatable {
    /// What came is not HTTP/1.
    case malformed
    case unknownMethod
    /// Request line and headers are longer than they may be.
    case headTooLong(limit: Int)
    case bodyTooLong(limit: Int)
    /// `Expect` asks for something else than 100-continue.
    case unknownExpectation
    case tooManyConnections(limit: Int)

    /// RFC 9110 section 15, and what bitcoind's HTTP server answers.
    public var status: Int {
        switch self {
        case .malformed, .headTooLong: 400
        case .unknownMethod: 501
        case .bodyTooLong: 413
        case .unknownExpectation: 417
        case .tooManyConnections: 503
        }
    }

    /// For people, with the way out.
    public var message: String {
        switch self {
        case .malformed: "This is no HTTP/1.1 request."
        case .unknownMethod: "The method is not known here."
        case .headTooLong(let limit): "Request line and headers are longer than \(limit) bytes: send fewer or shorter ones."
        case .bodyTooLong(let limit): "The request's body is above the limit of \(limit) bytes: send less in one call."
        case .unknownExpectation: "The only expectation known here is 100-continue: leave the header Expect out."
        case .tooManyConnections(let limit): "\(limit) connections are open already: close some, or try again."
        }
    }
}
