import Foundation

/// How the server runs.
public struct ChatServerSettings: Sendable {
    public var modelPath: String
    /// The model's name in the interface.
    public var modelName: String
    /// An address or a name to listen on.
    public var host = "127.0.0.1"
    /// 0 for any that is free.
    public var port = 8080
    /// Needed from clients when not nil.
    public var apiKey: String?
    /// Names by which clients may call the server, besides its address.
    public var hostNames: [String] = []
    /// Most tokens of a conversation; the model's own length when nil.
    public var context: Int?
    public var threads = ProcessInfo.processInfo.activeProcessorCount
    /// Answers at once.
    public var parallel = 8
    /// Answers that may wait.
    public var queueLimit = 128
    /// Bytes of a request's body.
    public var bodyLimit = 4 << 20
    /// Whether the file is mapped, not read into memory of its own.
    public var mapsModel = true
    /// How often to look for a newer model; nil for never.
    public var followInterval: Duration?

    public init(modelPath: String, modelName: String) {
        self.modelPath = modelPath
        self.modelName = modelName
    }

    /// Whether only this machine reaches the server.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    func check() throws(ServerError) {
        if let apiKey, apiKey.isEmpty || !apiKey.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            throw ServerError("the API key must be printable ASCII without spaces")
        }
        if apiKey == nil, !isLoopback {
            throw ServerError(
                "\(host) is reached from other machines: set a key with --api-key or FLOWCHAT_API_KEY, or listen on 127.0.0.1")
        }
    }

    /// Whether a request's `Host` is one of ours. On loopback a web page elsewhere may have a name that leads here
    /// (DNS rebinding); such a name is refused.
    func accepts(hostHeader: String?) -> Bool {
        guard isLoopback else { return true }
        guard let name = hostHeader.map(Self.name(of:)) else { return false }
        return (["localhost", "127.0.0.1", "::1", host] + hostNames).contains { $0.lowercased() == name }
    }

    /// The host of `host:port`.
    private static func name(of header: String) -> String {
        let header = header.lowercased()
        if header.hasPrefix("[") { return String(header.dropFirst().prefix { $0 != "]" }) }
        return String(header.prefix { $0 != ":" })
    }

    /// Whether `authorization` carries the key; takes the same time wherever they differ.
    func accepts(authorization: String?) -> Bool {
        guard let apiKey else { return true }
        let scheme = "bearer "
        guard let authorization, authorization.lowercased().hasPrefix(scheme) else { return false }
        let given = Array(authorization.utf8.dropFirst(scheme.utf8.count)), key = Array(apiKey.utf8)
        var difference = UInt8(given.count == key.count ? 0 : 1)
        for (index, byte) in key.enumerated() { difference |= byte ^ (index < given.count ? given[index] : 0) }
        return difference == 0
    }
}
