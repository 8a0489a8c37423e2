import Foundation
import Testing

/// A socket of its own, for requests that no client library would send. It waits on a thread of its own: the server under test needs
/// those of the concurrency.
actor RawConnection {
    private final class Waiting: SerialExecutor {
        private let queue = DispatchQueue(label: "RawConnection")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job), executor = asUnownedSerialExecutor()
            queue.async { job.runSynchronously(on: executor) }
        }

        func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
    }

    private let waiting = Waiting()
    nonisolated var unownedExecutor: UnownedSerialExecutor { waiting.asUnownedSerialExecutor() }

    private var descriptor: Int32
    private var unread: [UInt8] = []

    /// What a server answered, as it came.
    struct Reply: Sendable {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    init(port: Int, host: UInt32 = 0x7f00_0001, overIPv6: Bool = false) throws {
        let descriptor = socket(overIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let number = in_port_t(UInt16(port).bigEndian)
        let status: Int32
        if overIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = number
            address.sin6_addr = in6addr_loopback
            status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = number
            address.sin_addr.s_addr = host.bigEndian
            status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
        }
        self.descriptor = descriptor
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECONNREFUSED) }
        // A reply that does not come fails the test instead of holding it.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func hangUp() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }

    /// - Returns: whether all of it went out.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Sends no more, and still reads.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// How much came with one look, when something has come.
    func look() throws -> Int {
        let before = unread.count
        _ = try read()
        return unread.count - before
    }

    /// The next reply; nil where the connection ends first.
    func reply(toHead: Bool = false) throws -> Reply? {
        while true {
            if let reply = take(toHead) { return reply }
            guard try read() else { return nil }
        }
    }

    /// Whether nothing comes any more but the end.
    func isEnded() throws -> Bool { try unread.isEmpty && !read() }

    private func read() throws -> Bool {
        var part = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &part, part.count, 0)
        try #require(count >= 0 || errno == ECONNRESET, "nothing came: \(errno)")
        unread += part.prefix(max(0, count))
        return count > 0
    }

    private func take(_ toHead: Bool) -> Reply? {
        guard let end = unread.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: unread[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        let length = toHead ? 0 : headers["content-length"].flatMap { Int($0) } ?? 0
        guard unread.count >= end.upperBound + length else { return nil }
        let words = lines[0].split(separator: " ")
        let reply = Reply(
            status: words.count > 1 ? Int(words[1]) ?? 0 : 0, headers: headers, body: Array(unread[end.upperBound..<end.upperBound + length]))
        unread.removeFirst(end.upperBound + length)
        return reply
    }
}
