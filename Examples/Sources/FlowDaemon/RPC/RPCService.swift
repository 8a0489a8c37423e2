import FlowHTTP
import FlowP2P
import Foundation
import ProgramSupport

/// Decides what of HTTP reaches the node, in bitcoind's order: who asks, where, how, and with which credentials.
struct RPCService: HTTPService {
    let access: RPCAccess
    let allowed: [NetworkRange]
    let queue: WorkQueue
    let rpc: @Sendable (RPCRequest) async -> HTTPReply
    let rest: @Sendable (String) async -> HTTPReply

    private static let restPath = "/rest/"
    private static let walletPath = "/wallet/"
    /// Those that bitcoind's HTTP server knows.
    private static let methods: Set = ["GET", "POST", "HEAD", "PUT", "DELETE"]
    private static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { NetworkRange($0) }

    func refusal(of head: HTTPRequest) -> HTTPReply? {
        guard admits(head.peer) else { return HTTPReply(status: 403, type: "text/plain", headers: ["Connection": "close"], body: .whole([])) }
        guard Self.methods.contains(head.method) else {
            var reply = reply(to: .unknownMethod)
            reply.headers["Connection"] = "close"
            return reply
        }
        let isRest = head.target.hasPrefix(Self.restPath)
        guard isRest || head.target == "/" || head.target.hasPrefix(Self.walletPath) else {
            return HTTPReply(status: 404, type: "text/plain", body: .whole([]))
        }
        let method = isRest ? "GET" : "POST"
        guard head.method == method else {
            let text = isRest ? "The REST interface handles only GET requests" : "JSONRPC server handles only POST requests"
            var reply = HTTPReply(status: 405, text: text)
            reply.headers["Allow"] = method
            return reply
        }
        let authorization = head.header("Authorization")
        if let authorization, access.user(authorization: authorization) != nil { return nil }
        var reply = HTTPReply(
            status: 401, type: "text/plain", headers: ["WWW-Authenticate": "Basic realm=\"jsonrpc\""], body: .whole([]))
        // Slows down guessing.
        if authorization != nil { reply.delay = .milliseconds(250) }
        return reply
    }

    func answer(_ request: HTTPRequest) async -> HTTPReply {
        guard queue.enter() else { return HTTPReply(status: 503, text: "Work queue depth exceeded") }
        defer { queue.leave() }
        if request.target.hasPrefix(Self.restPath) {
            return await rest(String(request.path.dropFirst(Self.restPath.count)))
        }
        let user = request.header("Authorization").flatMap { access.user(authorization: $0) } ?? ""
        return await rpc(
            RPCRequest(body: request.body, path: request.target.removingPercentEncoding ?? request.target, user: user, allowed: access.methods(of: user)))
    }

    func reply(to fault: HTTPFault) -> HTTPReply { HTTPReply(status: fault.status, text: fault.message) }

    private func admits(_ peer: String) -> Bool {
        if peer == "127.0.0.1" || peer == "::1" { return true }
        guard let host = NetworkRange(peer) else { return false }
        return (Self.loopback + allowed).contains { $0.contains(host) }
    }
}
