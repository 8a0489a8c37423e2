import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// One HTTP/1.1 request on a connection of its own. Nothing runs while the answer is awaited.
struct HTTPRequest {
    var host: String
    var port: UInt16
    var method: HTTPMethod
    var path: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    struct Answer {
        var status: Int
        var body: [UInt8]
    }

    /// - Parameter silence: how long the server may send nothing before the request fails
    /// - Throws: what the connection threw, `ProgramError` when the server fell silent or ended the answer early, `CancellationError`
    func send(silence: Duration) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            let heard = LastSign()
            group.addTask { try await exchange(heard) }
            group.addTask {
                while true {
                    let rest = silence - heard.age
                    guard rest > .zero else { throw ProgramError("it sent nothing for \(silence.components.seconds) s") }
                    try await Task.sleep(for: rest)
                }
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    /// What went wrong, in a line.
    static func reason(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        return (error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError).map { "\($0)" } ?? "\(error)"
    }

    private func exchange(_ heard: LastSign) async throws -> Answer {
        let connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: host, port: Int(port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
            head.headers.add(name: "Host", value: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
            head.headers.add(name: "Connection", value: "close")
            if !body.isEmpty { head.headers.add(name: "Content-Length", value: String(body.count)) }
            for header in headers { head.headers.add(name: header.name, value: header.value) }
            // In one write: a server that has the body may answer and close before a later one.
            try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])

            var answer = Answer(status: 0, body: [])
            for try await part in inbound {
                heard.now()
                switch part {
                case .head(let head):
                    answer.status = Int(head.status.code)
                    // A large model comes in many parts; what a server merely claims reserves no more than a few.
                    if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > 0 {
                        answer.body.reserveCapacity(min(length, 16 << 20))
                    }
                case .body(let bytes): answer.body.append(contentsOf: bytes.readableBytesView)
                case .end: return answer
                }
            }
            throw ProgramError("it ended the connection in the middle of the answer")
        }
    }
}

/// When the server was heard last.
private final class LastSign: Sendable {
    private let time = Mutex(ContinuousClock.now)
    func now() { time.withLock { $0 = .now } }
    var age: Duration { time.withLock { $0.duration(to: .now) } }
}
