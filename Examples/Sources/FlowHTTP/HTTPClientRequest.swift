import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// One HTTP/1.1 request on a connection of its own. Nothing runs while the answer is awaited.
public struct HTTPClientRequest: Sendable {
    public let host: String
    public let port: UInt16
    public let method: String
    public let path: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    public struct Answer: Sendable {
        public fileprivate(set) var status = 0
        public fileprivate(set) var body: [UInt8] = []
    }

    public init(host: String, port: UInt16, method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) {
        self.host = host
        self.port = port
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// - Parameter silence: how long the server may send nothing before the request fails
    /// - Throws: what the connection threw, ``HTTPClientError`` when the server fell silent or ended the answer early, `CancellationError`
    public func send(silence: Duration) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            let heard = LastSign()
            group.addTask { try await exchange(heard) }
            group.addTask {
                while true {
                    let rest = silence - heard.age
                    guard rest > .zero else { throw HTTPClientError.silent(silence) }
                    try await Task.sleep(for: rest)
                }
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    private func exchange(_ heard: LastSign) async throws -> Answer {
        let connection: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        do {
            connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: Int(port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as NIOConnectionError {
            throw HTTPClientError.unreachable(error)
        }
        return try await connection.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: .init(rawValue: method), uri: path)
            head.headers.add(name: "Host", value: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
            head.headers.add(name: "Connection", value: "close")
            if !body.isEmpty { head.headers.add(name: "Content-Length", value: String(body.count)) }
            for header in headers { head.headers.add(name: header.name, value: header.value) }
            // In one flush: a server that has the body may answer and close before a later one, and nobody waits for an acknowledgement.
            try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])

            var answer = Answer()
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
            throw HTTPClientError.brokenOff
        }
    }
}

/// When the server was heard last.
private final class LastSign: Sendable {
    private let time = Mutex(ContinuousClock.now)
    func now() { time.withLock { $0 = .now } }
    var age: Duration { time.withLock { $0.duration(to: .now) } }
}
