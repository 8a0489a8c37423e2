import FlowHTTP
import FlowModel
import Foundation

/// What a client is told when a request cannot be answered, in the shape of the OpenAI interface.
struct APIError: Error, Equatable {
    var status: Int
    var message: String
    var type = "invalid_request_error"
    var parameter: String?
    var code: String?
    var headers: [String: String] = [:]

    var json: JSON {
        [
            "error": [
                "message": .string(message), "type": .string(type), "param": parameter.map { .string($0) } ?? .null,
                "code": code.map { .string($0) } ?? .null,
            ]
        ]
    }

    static func invalid(_ parameter: String?, _ message: String, code: String = "invalid_value") -> APIError {
        APIError(status: 400, message: message, parameter: parameter, code: code)
    }

    static func unsupported(_ parameter: String) -> APIError {
        invalid(parameter, "'\(parameter)' is not supported by this server: leave it out", code: "unsupported_parameter")
    }

    static let notJSON = invalid(nil, "the body is not JSON", code: "invalid_json")

    static let wrongKey = APIError(
        status: 401, message: "the API key is missing or wrong: send 'Authorization: Bearer KEY'", type: "authentication_error",
        code: "invalid_api_key", headers: ["WWW-Authenticate": "Bearer"])

    static func forbidden(_ message: String) -> APIError {
        APIError(status: 403, message: message, type: "permission_error", code: "forbidden")
    }

    static func unknownRoute(_ path: String) -> APIError {
        APIError(status: 404, message: "there is no '\(path.prefix(200))'; /openapi.json lists what there is", code: "unknown_url")
    }

    static func unknownModel(_ name: String, known: String) -> APIError {
        APIError(
            status: 404, message: "there is no model '\(name.prefix(200))'; this server has '\(known)'", parameter: "model",
            code: "model_not_found")
    }

    static func wrongMethod(_ method: String, allowed: [String]) -> APIError {
        let list = allowed.joined(separator: ", ")
        return APIError(
            status: 405, message: "\(method) is not a method of this address; it has \(list)", code: "method_not_allowed",
            headers: ["Allow": list])
    }

    static let wrongContentType = APIError(
        status: 415, message: "the body must be JSON: send 'Content-Type: application/json'", code: "unsupported_media_type")

    static func queueFull(limit: Int) -> APIError {
        APIError(
            status: 429, message: "\(limit) requests are waiting already: try again in a second", type: "rate_limit_error",
            code: "queue_full", headers: ["Retry-After": "1"])
    }

    static let loading = APIError(
        status: 503, message: "the model is being loaded: try again in a second", type: "server_error", code: "model_loading",
        headers: ["Retry-After": "1"])

    static let stopping = APIError(
        status: 503, message: "the server is stopping", type: "server_error", code: "stopping", headers: ["Connection": "close"])

    static func failed(_ error: any Error) -> APIError {
        if let error = error as? APIError { return error }
        return APIError(status: 500, message: "\(error)", type: "server_error", code: "inference_failed")
    }

    /// What the HTTP server refuses by itself.
    init(_ fault: HTTPFault) {
        switch fault {
        case .bodyTooLong: self.init(status: fault.status, message: fault.message, code: "body_too_large")
        case .tooManyConnections:
            self.init(
                status: fault.status, message: fault.message, type: "server_error", code: "too_many_connections", headers: ["Retry-After": "1"])
        case .headTooLong, .malformed, .unknownExpectation, .unknownMethod:
            self.init(status: fault.status, message: fault.message, code: "invalid_request")
        }
    }

    /// - Parameter parameter: where the prompt came from.
    init(_ error: InferenceError, parameter: String) {
        switch error {
        case .contextFull: self = .invalid(parameter, "\(error)", code: "context_length_exceeded")
        case .emptyPrompt, .tokenOutOfRange: self = .invalid(parameter, "\(error)")
        default: self = .failed(error)
        }
    }

    init(
        status: Int, message: String, type: String = "invalid_request_error", parameter: String? = nil, code: String? = nil,
        headers: [String: String] = [:]
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.parameter = parameter
        self.code = code
        self.headers = headers
    }
}
