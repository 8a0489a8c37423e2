import FlowHTTP
public import FlowRPC
public import Foundation

/// A JSON-RPC client for flowcoind, over HTTP with basic authentication.
public struct RPCClient: Sendable {
    public let host: String
    public let port: UInt16
    public let credentials: RPCCredentials
    /// Seconds without an answer after which a call fails; mining and model calls can take long.
    public let timeout: TimeInterval

    public init(host: String, port: UInt16, credentials: RPCCredentials, timeout: TimeInterval = 900) {
        self.host = host
        self.port = port
        self.credentials = credentials
        self.timeout = timeout
    }

    /// Calls a method with its parameters, in a list or by name, and returns its result.
    /// - Throws: `RPCFailure` when the server answers with an error, `ProgramError` when it cannot be reached.
    public func call(_ method: String, _ parameters: JSONValue = [], wallet: String? = nil) async throws -> JSONResult {
        let request: JSONValue = ["jsonrpc": "1.0", "id": 1, "method": .string(method), "params": parameters]
        let path = wallet.map { "/wallet/" + ($0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "") } ?? "/"
        let answer = try await send(path: path, method: "POST", body: request.encodedBytes)
        guard answer.status != 401 else {
            throw ProgramError("The node at \(host):\(port) refused the credentials: use the cookie of its data directory, or its -rpcuser and -rpcpassword.")
        }
        guard let reply = try? JSONParser.parse(answer.body), case .object = reply else {
            throw ProgramError("Expected a JSON-RPC answer from \(host):\(port), got HTTP status \(answer.status) with \(answer.body.count) bytes: is another program on that port?")
        }
        if let error = reply["error"], !error.isNull {
            throw RPCFailure(
                code: Int(error["code"]?.intValue ?? 0), message: error["message"]?.stringValue ?? "error without a message")
        }
        return JSONResult(reply["result"] ?? .null)
    }

    /// Fetches raw bytes of the REST interface.
    public func fetch(path: String) async throws -> [UInt8] {
        let answer = try await send(path: path, method: "GET", body: [])
        guard answer.status == 200 else {
            throw ProgramError("GET \(path) at \(host):\(port) gave HTTP status \(answer.status): \(String(decoding: answer.body.prefix(200), as: UTF8.self))")
        }
        return answer.body
    }

    private func send(path: String, method: String, body: [UInt8]) async throws -> HTTPClientRequest.Answer {
        let request = HTTPClientRequest(
            host: host, port: port, method: method, path: path,
            headers: [("Content-Type", "application/json"), ("Authorization", credentials.authorization)], body: body)
        do {
            return try await request.send(silence: .seconds(timeout))
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ProgramError("Could not reach the node at \(host):\(port) (\(error)): start flowcoind, or give the -rpcport it listens on.")
        }
    }
}

/// An error that the server answered with.
public struct RPCFailure: Error, CustomStringConvertible, LocalizedError, Sendable {
    public let code: Int
    public let message: String
    public var description: String { "error code: \(code)\nerror message:\n\(message)" }
    public var errorDescription: String? { description }
}

