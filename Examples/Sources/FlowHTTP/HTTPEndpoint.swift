/// Where a server listens.
public struct HTTPEndpoint: Sendable, Hashable {
    public let host: String
    /// 0 for any that is free; further endpoints with 0 take the same one.
    public let port: Int
    /// Whether the server does without it where the machine has no such address.
    public let isOptional: Bool

    public init(host: String, port: Int, isOptional: Bool = false) {
        self.host = host
        self.port = port
        self.isOptional = isOptional
    }
}
