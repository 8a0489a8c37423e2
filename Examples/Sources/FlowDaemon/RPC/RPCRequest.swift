import FlowRPC

/// A JSON-RPC body with who sent it and where to.
public struct RPCRequest: Sendable {
    public let body: [UInt8]
    /// `/` or `/wallet/<name>`.
    public let path: String
    public let user: String
    /// What the user may call; nil for everything.
    public let allowed: Set<String>?

    /// The methods that it calls, for a log: those of a batch in a row.
    var methods: String {
        guard let document = try? JSONParser.parse(body) else { return "" }
        return (document.arrayValue ?? [document]).prefix(20).compactMap { $0["method"]?.stringValue }.joined(separator: ",")
    }
}
