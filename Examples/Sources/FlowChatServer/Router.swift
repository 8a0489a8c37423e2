import FlowHTTP
import FlowModel
import Foundation
import Synchronization

/// Finds what a request asks for, after everything that may refuse it.
final class Router: HTTPService {
    struct Route: Sendable {
        var path: String
        var method: String
        /// Whether a key is needed when the server has one.
        var isProtected: Bool
        var answer: @Sendable (Router, HTTPRequest) async throws -> HTTPReply
    }

    let settings: ChatServerSettings
    let keeper: ModelKeeper
    let scheduler: AnswerScheduler
    let metrics: Metrics
    private let connectionCount = Mutex<@Sendable () -> Int>({ 0 })
    var connections: @Sendable () -> Int {
        get { connectionCount.withLock { $0 } }
        set { connectionCount.withLock { $0 = newValue } }
    }

    static let routes: [Route] = [
        Route(path: "/", method: "GET", isProtected: false) { _, _ in ChatPage.reply() },
        Route(path: "/health", method: "GET", isProtected: false) { try $0.health($1) },
        Route(path: "/openapi.json", method: "GET", isProtected: false) { router, _ in try HTTPReply(router.openAPI()) },
        Route(path: "/metrics", method: "GET", isProtected: true) { router, _ in router.metricsPage() },
        Route(path: "/v1/models", method: "GET", isProtected: true) { router, _ in
            try HTTPReply(["object": "list", "data": [router.model().json]])
        },
        Route(path: "/v1/models/{model}", method: "GET", isProtected: true) { try $0.modelFacts($1) },
        Route(path: "/v1/chat/completions", method: "POST", isProtected: true) { try await $0.chat($1) },
        Route(path: "/v1/completions", method: "POST", isProtected: true) { try await $0.complete($1) },
        Route(path: "/tokenize", method: "POST", isProtected: true) { try $0.tokenize($1) },
        Route(path: "/detokenize", method: "POST", isProtected: true) { try $0.detokenize($1) },
    ]

    init(settings: ChatServerSettings, keeper: ModelKeeper, scheduler: AnswerScheduler, metrics: Metrics) {
        self.settings = settings
        self.keeper = keeper
        self.scheduler = scheduler
        self.metrics = metrics
    }

    func answer(_ request: HTTPRequest) async -> HTTPReply {
        var path = "other"
        var reply: HTTPReply
        do {
            let found = Self.routes.filter { Self.matches($0.path, request.path) }
            if let first = found.first { path = first.path }
            try check(request, isProtected: found.first?.isProtected ?? true)
            guard !found.isEmpty else { throw APIError.unknownRoute(request.path) }
            let method = request.method == "HEAD" ? "GET" : request.method
            guard let route = found.first(where: { $0.method == method }) else {
                throw APIError.wrongMethod(request.method, allowed: found.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] })
            }
            reply = try await route.answer(self, request)
        } catch {
            reply = HTTPReply(APIError.failed(error))
        }
        metrics.countRequest(route: path, method: request.method, status: reply.status)
        return reply.guarded
    }

    /// Bodies are short here, so a request is looked at when all of it is there.
    func refusal(of head: HTTPRequest) -> HTTPReply? { nil }

    func reply(to fault: HTTPFault) -> HTTPReply { HTTPReply(APIError(fault)).guarded }

    private func check(_ request: HTTPRequest, isProtected: Bool) throws {
        let host = request.header("Host")
        guard settings.accepts(hostHeader: host) else {
            throw APIError.forbidden("the name in the Host header is not this server's: use localhost or 127.0.0.1, or allow the name with --host-name")
        }
        // A browser names the page that asks. Only our own may; others would act with the user's rights on this machine.
        if let origin = request.header("Origin"), origin != "http://\(host ?? "")", origin != "https://\(host ?? "")" {
            throw APIError.forbidden("pages of other origins may not use this server")
        }
        if isProtected, !settings.accepts(authorization: request.header("Authorization")) { throw APIError.wrongKey }
    }

    static func matches(_ pattern: String, _ path: String) -> Bool {
        guard let brace = pattern.firstIndex(of: "{") else { return pattern == path }
        let prefix = pattern[..<brace]
        return path.hasPrefix(prefix) && path.count > prefix.count
    }

    /// The model that answers now.
    func model() throws(APIError) -> ServedModel {
        guard let model = keeper.model else { throw .loading }
        return model
    }

    /// The model that a request names.
    func model(named name: String?) throws(APIError) -> ServedModel {
        let model = try model()
        if let name, name != model.name { throw .unknownModel(name, known: model.name) }
        return model
    }

    private func modelFacts(_ request: HTTPRequest) throws -> HTTPReply {
        let name = String(request.path.dropFirst("/v1/models/".count))
        return try HTTPReply(model(named: name.removingPercentEncoding ?? name).json)
    }

    private func health(_ request: HTTPRequest) throws -> HTTPReply {
        let load = scheduler.load
        let model = try model()
        return HTTPReply([
            "status": "ok", "model": .string(model.name), "answers_active": .integer(load.active),
            "answers_waiting": .integer(load.waiting), "api_key_required": .bool(settings.apiKey != nil),
        ])
    }

    private func metricsPage() -> HTTPReply {
        let load = scheduler.load
        let text = metrics.text(active: load.active, waiting: load.waiting, connections: connections(), model: keeper.model)
        return HTTPReply(type: "text/plain; version=0.0.4; charset=utf-8", body: .whole(Array(text.utf8)))
    }

    private func tokenize(_ request: HTTPRequest) throws -> HTTPReply {
        let body = try request.decoded(TokenizeRequest.self)
        let model = try model()
        let tokenizer = model.model.tokenizer
        let tokens = tokenizer.encode(body.content, beginsText: body.addsSpecial ? nil : false)
        guard body.withPieces else { return HTTPReply(["tokens": .array(tokens.map { .integer($0) })]) }
        return HTTPReply([
            "tokens": .array(tokens.map { ["id": .integer($0), "piece": .string(tokenizer.decode([$0]))] })
        ])
    }

    private func detokenize(_ request: HTTPRequest) throws -> HTTPReply {
        let body = try request.decoded(DetokenizeRequest.self)
        let model = try model()
        let size = model.model.configuration.vocabularySize
        if let token = body.tokens.first(where: { $0 < 0 || $0 >= size }) {
            throw APIError.invalid("tokens", "token \(token) is outside the vocabulary of \(size) tokens")
        }
        return HTTPReply(["content": .string(model.model.tokenizer.decode(body.tokens))])
    }
}

private struct TokenizeRequest: Decodable {
    var content: String
    var addsSpecial: Bool
    var withPieces: Bool

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        content = try fields.required("content", "a string")
        addsSpecial = try fields.optional("add_special", "true or false") ?? false
        withPieces = try fields.optional("with_pieces", "true or false") ?? false
    }
}

private struct DetokenizeRequest: Decodable {
    var tokens: [Int]

    init(from decoder: any Decoder) throws {
        tokens = try RequestFields(decoder).required("tokens", "an array of token ids")
    }
}
