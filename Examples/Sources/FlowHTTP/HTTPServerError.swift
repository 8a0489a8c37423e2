/// Why a server could not start.
public enum HTTPServerError: Error, CustomStringConvertible, Sendable {
    case portInUse(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)

    public var description: String {
        switch self {
        case .portInUse(let host, let port): "port \(port) of \(host) is in use"
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host), port \(port): \(reason)"
        }
    }
}
