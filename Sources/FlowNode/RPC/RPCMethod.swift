/// One method that the router offers, with what `help` says about it.
public struct RPCMethod: Sendable {
    public typealias Handler = @Sendable (RPCParameters) async throws -> JSONValue

    public let name: String
    /// The heading under which `help` lists it, for example "Blockchain".
    public let category: String
    /// Names in order; a name that begins with `?` is optional.
    public let parameters: [String]
    public let summary: String
    public let handler: Handler

    public init(_ name: String, category: String, parameters: [String] = [], summary: String, handler: @escaping Handler) {
        self.name = name
        self.category = category
        self.parameters = parameters
        self.summary = summary
        self.handler = handler
    }

    var parameterNames: [String] { parameters.map { $0.hasPrefix("?") ? String($0.dropFirst()) : $0 } }
    var requiredCount: Int { parameters.prefix { !$0.hasPrefix("?") }.count }

    /// `getblock blockhash ( verbosity )`
    var usage: String {
        let required = parameters.prefix(requiredCount).map { " " + $0 }.joined()
        let optional = parameterNames.dropFirst(requiredCount).joined(separator: " ")
        return name + required + (optional.isEmpty ? "" : " ( \(optional) )")
    }

    var helpText: String { usage + "\n\n" + summary + "\n" }
}
