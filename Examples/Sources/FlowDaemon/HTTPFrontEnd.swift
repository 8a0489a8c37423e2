import FlowNode
import FlyingFox
import FlyingSocks
public import Foundation
public import ProgramSupport

/// What the HTTP front end answers with.
public struct HTTPAnswer: Sendable {
    public let status: Int
    public let contentType: String
    public let body: Data

    public init(status: Int, contentType: String = "application/json", body: Data) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// HTTP in front of the node's JSON-RPC: `POST /` and `POST /wallet/<name>` with basic authentication, and `GET /rest/…` for the
/// raw bytes that an external miner needs. Bound to loopback.
public struct HTTPFrontEnd: Sendable {
    /// Longest request body, in bytes: a block in hexadecimal with room for its envelope.
    public static let bodyLimit = 16 << 20

    private let server: HTTPServer
    private let port: UInt16
    private let stopped = CancellationFlag()

    /// - Parameters:
    ///   - rpc: answers a JSON-RPC body; the second parameter is the wallet named in the path, if any.
    ///   - rest: answers the path below `/rest/`.
    public init(
        port: UInt16, credentials: RPCCredentials,
        rpc: @escaping @Sendable (Data, String?) async -> HTTPAnswer,
        rest: @escaping @Sendable (String) async -> HTTPAnswer
    ) throws {
        self.port = port
        let address = try sockaddr_in.inet(ip4: "127.0.0.1", port: port)
        // Mining and replay answer late, so the handler's time limit is a day.
        let handler = FrontEndHandler(credentials: credentials, rpc: rpc, rest: rest)
        server = HTTPServer(
            config: .init(address: address, timeout: 86_400, logger: .disabled), handler: handler)
    }

    /// Serves until cancelled or stopped.
    /// - Throws: `ProgramError` naming the port when it is taken.
    public func run() async throws {
        do {
            try await server.run()
        } catch where stopped.isCancelled {
            // What the socket says of being closed under it is no failure.
        } catch let error as SocketError {
            if case .failed(_, let number, _) = error, number == EADDRINUSE {
                throw ProgramError("The RPC port \(port) is in use: stop the program that holds it, or choose another with -rpcport.")
            }
            if !Task.isCancelled, case .failed = error { throw error }
        } catch is CancellationError {}
    }

    public func waitUntilListening() async throws {
        try await server.waitUntilListening(timeout: 10)
    }

    public func stop() async {
        stopped.cancel()
        await server.stop(timeout: 1)
    }
}

private struct FrontEndHandler: HTTPHandler {
    let credentials: RPCCredentials
    let rpc: @Sendable (Data, String?) async -> HTTPAnswer
    let rest: @Sendable (String) async -> HTTPAnswer

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard credentials.matches(authorization: request.headers[.authorization]) else {
            // Slows down guessing, as bitcoind does.
            try await Task.sleep(for: .milliseconds(250))
            return HTTPResponse(
                statusCode: .unauthorized, headers: [HTTPHeader("WWW-Authenticate"): "Basic realm=\"jsonrpc\""])
        }
        if request.method == .GET, request.path.hasPrefix("/rest/") {
            return response(await rest(String(request.path.dropFirst("/rest/".count))))
        }
        guard request.method == .POST else {
            return response(.init(status: 405, contentType: "text/plain", body: Data("JSONRPC server handles only POST requests".utf8)))
        }
        var wallet: String?
        if request.path.hasPrefix("/wallet/") {
            wallet = String(request.path.dropFirst("/wallet/".count)).removingPercentEncoding
        } else if request.path != "/" {
            return response(.init(status: 404, contentType: "text/plain", body: Data()))
        }
        if let length = request.bodySequence.count, length > HTTPFrontEnd.bodyLimit { return tooLarge }
        var body = Data()
        for try await part in request.bodySequence {
            guard body.count + part.count <= HTTPFrontEnd.bodyLimit else { return tooLarge }
            body.append(part)
        }
        return response(await rpc(body, wallet))
    }

    /// RFC 9110 section 15.
    private static let phrases = [
        200: "OK", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        413: "Content Too Large", 500: "Internal Server Error",
    ]

    private var tooLarge: HTTPResponse {
        let message = "The request's body is above the limit of \(HTTPFrontEnd.bodyLimit) bytes: send less in one call."
        return response(.init(status: 413, contentType: "text/plain", body: Data(message.utf8)))
    }

    private func response(_ answer: HTTPAnswer) -> HTTPResponse {
        HTTPResponse(
            statusCode: HTTPStatusCode(answer.status, phrase: Self.phrases[answer.status] ?? ""),
            headers: [.contentType: answer.contentType],
            body: HTTPBodySequence(data: answer.body, suggestedBufferSize: 1 << 16))
    }
}
