/// Who answers a declared method.
public struct RPCMethod: Sendable {
    public typealias Handler = @Sendable (RPCCall) async throws -> JSONValue

    public let name: String
    let handler: Handler

    /// - Parameter name: a name that the router's catalogue declares
    public init(_ name: String, _ handler: @escaping Handler) {
        self.name = name
        self.handler = handler
    }
}
