internal import Synchronization

/// JSON-RPC without a transport: bytes in, status and bytes out. Other modules register their methods here. Speaks
/// JSON-RPC 1.0 / 1.1 as bitcoind does and 2.0 as the specification says; batches in both.
///
/// ```swift
/// let router = RPCRouter()
/// router.register(RPCMethod("ping", category: "Network", summary: "Answers.") { _ in "pong" })
/// let reply = await router.handle(body: Array(#"{"method":"ping","id":1}"#.utf8))
/// ```
public final class RPCRouter: Sendable {
    private let methods = Mutex<[String: RPCMethod]>([:])

    public init() {
        register(
            RPCMethod("help", category: "Control", parameters: ["?command"], summary: "Lists all commands, or explains one.") {
                [weak self] parameters in
                guard let self else { return nil }
                guard parameters.optional(0) != nil else { return .string(self.overview) }
                let name = try parameters.string(0)
                return .string(self.method(name)?.helpText ?? "help: unknown command: \(name)")
            })
    }

    /// Adds a method; one of the same name is replaced.
    public func register(_ method: RPCMethod) { methods.withLock { $0[method.name] = method } }

    /// Adds several methods.
    public func register(_ list: [RPCMethod]) { list.forEach { register($0) } }

    /// The names of all methods, sorted.
    var methodNames: [String] { methods.withLock { $0.keys.sorted() } }

    private func method(_ name: String) -> RPCMethod? { methods.withLock { $0[name] } }

    private var overview: String {
        let all = methods.withLock { Array($0.values) }
        return Dictionary(grouping: all, by: \.category).sorted { $0.key < $1.key }.map { category, group in
            "== \(category) ==\n" + group.map(\.usage).sorted().joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    /// Answers one HTTP body.
    /// - Parameters:
    ///   - body: the request's body, anything at all
    ///   - path: the request's path; `/` and `/wallet/<name>` exist, others give 404
    public func handle(body: [UInt8], path: String = "/") async -> RPCReply {
        var wallet: String?
        if path.hasPrefix("/wallet/") {
            wallet = String(path.dropFirst("/wallet/".count))
        } else if path != "/" && !path.isEmpty {
            return RPCReply(status: 404, body: [])
        }
        guard let document = try? JSONParser.parse(body) else { return Self.failure(RPCError(RPCError.parseErrorCode, "Parse error"), id: nil) }
        switch document {
        case .object:
            let answer = await call(document, wallet: wallet)
            guard let reply = answer.reply else { return RPCReply(status: 204, body: []) }
            return RPCReply(status: answer.status, body: reply.encodedBytes + [0x0A])
        case .array(let requests):
            guard requests.count <= Self.maximumBatch else {
                return Self.failure(.invalidRequest("a batch may hold at most \(Self.maximumBatch) calls, this one holds \(requests.count)"), id: nil)
            }
            var replies: [JSONValue] = []
            for request in requests {
                if let reply = await call(request, wallet: wallet).reply { replies.append(reply) }
            }
            if replies.isEmpty && !requests.isEmpty { return RPCReply(status: 204, body: []) }
            return RPCReply(status: 200, body: JSONValue.array(replies).encodedBytes + [0x0A])
        default:
            return Self.failure(RPCError(RPCError.parseErrorCode, "Top-level object parse error"), id: nil)
        }
    }

    static let maximumBatch = 10_000

    private static func failure(_ error: RPCError, id: JSONValue?) -> RPCReply {
        let reply: JSONValue = ["result": nil, "error": error.value, "id": id ?? .null]
        return RPCReply(status: error.status, body: reply.encodedBytes + [0x0A])
    }

    private func call(_ request: JSONValue, wallet: String?) async -> (status: Int, reply: JSONValue?) {
        let id = request["id"]
        let strict = request["jsonrpc"] == .string("2.0")
        do throws(RPCError) {
            let result = try await result(of: request, wallet: wallet)
            if strict { return (200, id.map { ["jsonrpc": "2.0", "result": result, "id": $0] }) }
            return (200, ["result": result, "error": nil, "id": id ?? .null])
        } catch {
            if strict { return (200, id.map { ["jsonrpc": "2.0", "error": error.value, "id": $0] }) }
            return (error.status, ["result": nil, "error": error.value, "id": id ?? .null])
        }
    }

    private func result(of request: JSONValue, wallet: String?) async throws(RPCError) -> JSONValue {
        guard case .object = request else { throw .invalidRequest("Invalid Request object") }
        guard let name = request["method"] else { throw .invalidRequest("Missing method") }
        guard let name = name.stringValue else { throw .invalidRequest("Method must be a string") }
        let given = request["params"]
        switch given {
        case nil, .null?, .array?, .object?: break
        default: throw .invalidRequest("Params must be an array or object")
        }
        guard let method = method(name) else { throw .methodNotFound() }
        let parameters = try RPCParameters(given, method: method, wallet: wallet)
        do {
            return try await method.handler(parameters)
        } catch let error as RPCError {
            throw error
        } catch let error as NodeError {
            throw error.code == .notDue ? .notReady(error.description) : .misc(error.description)
        } catch is CancellationError {
            throw .misc("the call was cancelled")
        } catch {
            throw RPCError(RPCError.internalErrorCode, "\(error)")
        }
    }
}
