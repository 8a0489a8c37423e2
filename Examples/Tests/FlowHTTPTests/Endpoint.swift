import FlowDaemon
import FlowHTTP
import FlowP2P
import Foundation
import ProgramSupport
import Synchronization
import Testing

/// The RPC's front end on a free port, with methods of the test's own behind it.
struct Endpoint {
    static let credentials = RPCCredentials(user: "alice", password: "open: sesame")
    let front: HTTPFrontEnd
    var port: Int { front.port }

    /// - Parameter rpc: answers a body; without one, the body comes back.
    init(
        workQueue: Int = 64, timeout: Duration = .seconds(30), endpoints: [HTTPEndpoint]? = nil, allowed: [NetworkRange] = [],
        access: RPCAccess = RPCAccess(credentials: credentials),
        rpc: @escaping @Sendable ([UInt8]) async -> [UInt8] = { $0 }
    ) async throws {
        var settings = HTTPFrontEnd.Settings(port: 0)
        if let endpoints { settings.endpoints = endpoints }
        settings.workQueue = workQueue
        settings.timeout = timeout
        settings.allowed = allowed
        front = try await HTTPFrontEnd(
            settings, access: access,
            rpc: { request in
                let answer = await rpc(request.body)
                return HTTPReply(
                    status: answer.isEmpty ? 204 : 200, type: "application/json", headers: ["X-Path": request.path, "X-User": request.user, "X-Allowed": request.allowed.map { $0.sorted().joined(separator: ",") } ?? "all"], body: .whole(answer))
            },
            rest: { HTTPReply(type: "application/octet-stream", body: .whole(Array($0.utf8))) })
    }

    func connect() throws -> RawConnection { try RawConnection(port: port) }

    /// A request as text.
    static func request(
        _ body: String = "hello", method: String = "POST", target: String = "/", version: String = "1.1",
        authorization: String? = credentials.authorization, headers: [String] = [], length: String? = nil
    ) -> String {
        let lines = ["\(method) \(target) HTTP/\(version)", "Host: x"] + (authorization.map { ["Authorization: \($0)"] } ?? []) + headers
            + (length == "" ? [] : ["Content-Length: \(length ?? "\(body.utf8.count)")"])
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// Sends a text on a connection of its own: what is answered, and whether the connection ends behind it.
    func ask(_ text: String) async throws -> RawConnection.Reply? {
        let connection = try connect()
        await connection.send(text)
        return try await connection.reply()
    }

    func stop() async { await front.stop() }
}

/// Holds callers until it is opened.
final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Callers that are held.
    var count: Int { state.withLock { $0.waiting.count } }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        waiting.forEach { $0.resume() }
    }
}

/// Waits until something holds; fails where it does not in a minute.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<6_000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("not within a minute: \(what)")
}

/// Two ends of a thousand connections are more than a process may have by default.
func raiseFileLimit() {
    #if os(Linux)
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(files, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(files, &limit)
    #endif
}
