import FlowHTTP
import Foundation

extension HTTPReply {
    init(_ json: JSON, status: Int = 200, headers: [String: String] = [:]) {
        self.init(status: status, type: "application/json", headers: headers, body: .whole(Array(json.data)))
    }

    init(_ error: APIError) { self.init(error.json, status: error.status, headers: error.headers) }

    /// What browsers are told with every reply.
    var guarded: HTTPReply {
        var reply = self
        reply.headers["X-Content-Type-Options"] = "nosniff"
        if reply.headers["Cache-Control"] == nil { reply.headers["Cache-Control"] = "no-store" }
        return reply
    }
}
