import NIOPosix

/// Why there is no answer.
public enum HTTPClientError: Error, CustomStringConvertible, Sendable {
    case unreachable(String)
    case silent(Duration)
    case brokenOff

    static func unreachable(_ error: NIOConnectionError) -> HTTPClientError {
        .unreachable((error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError).map { "\($0)" } ?? "\(error)")
    }

    public var description: String {
        switch self {
        case .unreachable(let reason): reason
        case .silent(let time): "it sent nothing for \(time.components.seconds) s"
        case .brokenOff: "it ended the connection in the middle of the answer"
        }
    }
}
