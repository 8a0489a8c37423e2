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

    /// Calls a method with positional parameters (any JSON values) and returns its result as JSON values.
    /// - Throws: `RPCFailure` when the server answers with an error, `ProgramError` when it cannot be reached.
    public func call(_ method: String, _ parameters: [any Sendable] = [], wallet: String? = nil) async throws -> JSONResult {
        let body = try JSONSerialization.data(
            withJSONObject: ["jsonrpc": "1.0", "id": 1, "method": method, "params": parameters], options: [])
        let path = wallet.map { "/wallet/" + ($0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "") } ?? "/"
        let (data, status) = try await send(path: path, method: "POST", body: body)
        guard status != 401 else {
            throw ProgramError("The node at \(host):\(port) refused the credentials: use the cookie of its data directory, or its -rpcuser and -rpcpassword.")
        }
        guard let object = try? JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed]) as? [String: Any] else {
            throw ProgramError("Expected a JSON-RPC answer from \(host):\(port), got HTTP status \(status) with \(data.count) bytes: is another program on that port?")
        }
        if let error = object["error"] as? [String: Any] {
            throw RPCFailure(
                code: (error["code"] as? NSNumber)?.intValue ?? 0,
                message: error["message"] as? String ?? "error without a message")
        }
        return JSONResult(object["result"] ?? NSNull())
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

/// The JSON value that a call returned.
public struct JSONResult: @unchecked Sendable {
    // Only immutable Foundation values from JSONSerialization are stored here.
    private let value: Any

    public init(_ value: Any) { self.value = value }

    public var string: String? { value as? String }
    public var integer: Int? { (value as? NSNumber)?.intValue }
    public var unsigned: UInt64? { (value as? NSNumber)?.uint64Value }
    public var double: Double? { (value as? NSNumber)?.doubleValue }
    public var isNull: Bool { value is NSNull }
    public var array: [JSONResult]? { (value as? [Any])?.map(JSONResult.init) }
    public subscript(key: String) -> JSONResult { JSONResult((value as? [String: Any])?[key] ?? NSNull()) }

    /// As bitcoin-cli prints: strings bare, everything else as indented JSON.
    public var printed: String {
        if let string { return string }
        if isNull { return "" }
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .fragmentsAllowed, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: value, options: options) else { return "\(value)" }
        return String(decoding: data, as: UTF8.self)
    }
}
