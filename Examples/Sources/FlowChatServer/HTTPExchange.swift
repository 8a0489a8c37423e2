import Foundation
import NIOCore
import NIOHTTP1

/// A request that came in whole.
struct HTTPRequest: Sendable {
    var method: String
    /// Without the query, percent encoding as it came.
    var path: String
    var headers: HTTPHeaders
    var body: Data

    init(head: HTTPRequestHead, body: Data) {
        method = head.method.rawValue
        path = String(head.uri.prefix { $0 != "?" && $0 != "#" })
        headers = head.headers
        self.body = body
    }
}

/// What goes back.
struct HTTPReply: Sendable {
    enum Body: Sendable {
        case whole(Data)
        /// Pieces that go out as they come; when the stream throws, the connection is cut so that the client notices.
        case stream(AsyncThrowingStream<Data, any Error>)
    }

    var status: Int
    var headers: [String: String]
    var body: Body

    init(status: Int = 200, type: String, headers: [String: String] = [:], body: Body) {
        self.status = status
        self.headers = headers.merging(["Content-Type": type]) { own, _ in own }
        self.body = body
    }

    init(_ json: JSON, status: Int = 200, headers: [String: String] = [:]) {
        self.init(status: status, type: "application/json", headers: headers, body: .whole(json.data))
    }

    init(_ error: APIError) { self.init(error.json, status: error.status, headers: error.headers) }
}
