internal import Synchronization

/// JSON-RPC without a transport: bytes in, status and bytes out. Modules register who answers the methods that the catalogue declares. Speaks
/// JSON-RPC 1.0 / 1.1 as bitcoind does and 2.0 as the specification says; batches in both.
///
/// ```swift
/// let router = try RPCRouter(RPCCatalogue([RPCDeclaration("ping", .network, "Answers.")]))
/// try router.serve([RPCMethod("ping") { _ in "pong" }])
/// let reply = await router.handle(body: Array(#"{"method":"ping","id":1}"#.utf8))
/// ```
public final class RPCRouter: Sendable {
    private struct State {
        var methods: [String: RPCMethod] = [:]
        /// Calls that are being answered: what `getrpcinfo` lists.
        var active: [UInt64: (name: String, since: ContinuousClock.Instant)] = [:]
        var next: UInt64 = 0
    }

    private let catalogue: RPCCatalogue
    private let version: String
    private let state = Mutex(State())

    /// - Parameters:
    ///   - catalogue: what may be served; `help`, `rpc.discover` and `getrpcinfo`, where it declares them, are answered by the router itself
    ///   - version: the server's, for `rpc.discover`
    /// - Throws: `RPCCatalogueError` where the catalogue contradicts itself
    public init(_ catalogue: RPCCatalogue, version: String = "0") throws(RPCCatalogueError) {
        try catalogue.validate()
        self.catalogue = catalogue
        self.version = version
        let own = [
            RPCMethod("help") { [weak self] call in .string(self?.help(try call.given("command").map { _ throws(RPCError) in try call.string("command") }) ?? "") },
            RPCMethod("rpc.discover") { [weak self] _ in self.map { $0.catalogue.openRPC(of: $0.names, version: $0.version) } ?? nil },
            RPCMethod("getrpcinfo") { [weak self] _ in self?.information ?? nil },
        ]
        try serve(own.filter { catalogue[$0.name] != nil })
    }

    /// Registers who answers methods.
    /// - Throws: `RPCCatalogueError` for a name that is not declared, or that is served already
    public func serve(_ list: [RPCMethod]) throws(RPCCatalogueError) {
        for method in list {
            guard catalogue[method.name] != nil else { throw .undeclared(method.name) }
            let isNew = state.withLock { state in
                guard state.methods[method.name] == nil else { return false }
                state.methods[method.name] = method
                return true
            }
            guard isNew else { throw .servedTwice(method.name) }
        }
    }

    /// The names of all methods that are served.
    private var names: Set<String> { state.withLock { Set($0.methods.keys) } }

    /// The names of all methods that are served, sorted.
    var methodNames: [String] { names.sorted() }

    private func help(_ command: String?) -> String {
        guard let command else { return catalogue.overview(of: names) }
        guard names.contains(command), let declaration = catalogue[command] else { return "help: unknown command: \(command)" }
        return declaration.helpText
    }

    private var information: JSONValue {
        let now = ContinuousClock.now
        let active = state.withLock { $0.active.sorted { $0.key < $1.key }.map(\.value) }
        return [
            "active_commands": .array(active.map { call in
                let (seconds, attoseconds) = (now - call.since).components
                return ["method": .string(call.name), "duration": .integer(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)]
            })
        ]
    }

    /// Answers one HTTP body.
    /// - Parameters:
    ///   - body: the request's body, anything at all
    ///   - path: the request's path; `/` and `/wallet/<name>` exist, others give 404
    ///   - allowed: the methods that this caller may use; nil for all. Another one is answered with 403, as bitcoind's `-rpcwhitelist` does
    public func handle(body: [UInt8], path: String = "/", allowed: Set<String>? = nil) async -> RPCReply {
        var wallet: String?
        if path.hasPrefix("/wallet/") {
            wallet = String(path.dropFirst("/wallet/".count))
        } else if path != "/" && !path.isEmpty {
            return RPCReply(status: 404, body: [])
        }
        guard let document = try? JSONParser.parse(body) else { return Self.failure(RPCError(RPCError.parseErrorCode, "Parse error"), id: nil) }
        if let allowed, !Self.isWithin(document, allowed) { return RPCReply(status: 403, body: []) }
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

    /// A request without a method's name is answered with what is wrong with it.
    private static func isWithin(_ document: JSONValue, _ allowed: Set<String>) -> Bool {
        (document.arrayValue ?? [document]).allSatisfy { $0["method"]?.stringValue.map(allowed.contains) ?? true }
    }

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
        switch request["jsonrpc"] {
        case nil, .null?, .string("1.0")?, .string("1.1")?, .string("2.0")?: break
        case .string?: throw .invalidRequest("JSON-RPC version not supported")
        default: throw .invalidRequest("jsonrpc field must be a string")
        }
        guard let name = request["method"] else { throw .invalidRequest("Missing method") }
        guard let name = name.stringValue else { throw .invalidRequest("Method must be a string") }
        let given = request["params"]
        switch given {
        case nil, .null?, .array?, .object?: break
        default: throw .invalidRequest("Params must be an array or object")
        }
        guard let declaration = catalogue[name], let method = state.withLock({ $0.methods[name] }) else { throw .methodNotFound() }
        let call = try RPCCall(given, declaration: declaration, wallet: wallet)
        let number = state.withLock { state in
            state.next &+= 1
            state.active[state.next] = (name, .now)
            return state.next
        }
        defer { state.withLock { _ = $0.active.removeValue(forKey: number) } }
        do {
            return try await method.handler(call)
        } catch let error as RPCError {
            throw error
        } catch let error as any RPCErrorConvertible {
            throw error.rpcError
        } catch is CancellationError {
            throw .misc("the call was cancelled")
        } catch {
            throw RPCError(RPCError.internalErrorCode, "\(error)")
        }
    }
}
