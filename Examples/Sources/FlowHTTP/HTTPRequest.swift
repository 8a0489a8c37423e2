import NIOHTTP1

/// A request, or its head alone while the body is still to come.
public struct HTTPRequest: Sendable {
    public let method: String
    /// What stands behind the method, as it came.
    public let target: String
    /// The address of who asks, without the port.
    public let peer: String
    public internal(set) var body: [UInt8] = []

    let headers: HTTPHeaders

    init(_ head: HTTPRequestHead, peer: String) {
        method = head.method.rawValue
        target = head.uri
        headers = head.headers
        self.peer = peer
    }

    /// The target without its query, percent encoding as it came.
    public var path: String { String(target.prefix { $0 != "?" && $0 != "#" }) }

    /// The first value of a header; names are compared without regard to case.
    public func header(_ name: String) -> String? { headers.first(name: name) }
}
