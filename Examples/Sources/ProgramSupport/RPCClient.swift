public import FlowNode
public import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A JSON-RPC client for flowcoind, over HTTP with basic authentication.
public struct RPCClient: Sendable {
    public let host: String
    public let port: UInt16
    public let credentials: RPCCredentials
    /// Seconds without an answer after which a call fails; mining and model calls can take long.
    public let timeout: TimeInterval
    private let session: URLSession

    public init(host: String, port: UInt16, credentials: RPCCredentials, timeout: TimeInterval = 900) {
        self.host = host
        self.port = port
        self.credentials = credentials
        self.timeout = timeout
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        configuration.timeoutIntervalForResource = timeout * 4
        session = URLSession(configuration: configuration)
    }

    /// Calls a method with positional parameters and returns its result.
    /// - Throws: `RPCFailure` when the server answers with an error, `ProgramError` when it cannot be reached.
    public func call(_ method: String, _ parameters: [JSONValue] = [], wallet: String? = nil) async throws -> JSONResult {
        let request: JSONValue = ["jsonrpc": "1.0", "id": 1, "method": .string(method), "params": .array(parameters)]
        let path = wallet.map { "/wallet/" + ($0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "") } ?? "/"
        let (data, status) = try await send(path: path, method: "POST", body: Data(request.encodedBytes))
        guard status != 401 else {
            throw ProgramError("The node at \(host):\(port) refused the credentials: use the cookie of its data directory, or its -rpcuser and -rpcpassword.")
        }
        guard let answer = try? JSONParser.parse(Array(data)), case .object = answer else {
            throw ProgramError("Expected a JSON-RPC answer from \(host):\(port), got HTTP status \(status) with \(data.count) bytes: is another program on that port?")
        }
        if let error = answer["error"], !error.isNull {
            throw RPCFailure(
                code: Int(error["code"]?.intValue ?? 0), message: error["message"]?.stringValue ?? "error without a message")
        }
        return JSONResult(answer["result"] ?? .null)
    }

    /// Fetches raw bytes of the REST interface.
    public func fetch(path: String) async throws -> Data {
        let (data, status) = try await send(path: path, method: "GET", body: nil)
        guard status == 200 else {
            throw ProgramError("GET \(path) at \(host):\(port) gave HTTP status \(status): \(String(decoding: data.prefix(200), as: UTF8.self))")
        }
        return data
    }

    private func send(path: String, method: String, body: Data?) async throws -> (Data, Int) {
        guard let url = URL(string: "http://\(host):\(port)\(path)") else {
            throw ProgramError("'\(host)' is not a host name: give -rpcconnect a name or an address.")
        }
        var request = URLRequest(url: url, timeoutInterval: timeout)
        request.httpMethod = method
        request.httpBody = body
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue(credentials.authorization, forHTTPHeaderField: "Authorization")
        do {
            let (data, response) = try await session.data(for: request)
            return (data, (response as? HTTPURLResponse)?.statusCode ?? 0)
        } catch let error as URLError {
            throw ProgramError(
                "Could not reach the node at \(host):\(port) (\(error.localizedDescription)): start flowcoind, or give the -rpcport it listens on.")
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

