import Foundation
import ProgramSupport

/// A subscriber of ZeroMQ's own wire protocol (ZMTP 3.0, rfc.zeromq.org/spec/23), independent of the library that publishes.
final class ZMTPSubscriber: @unchecked Sendable {
    private let descriptor: Int32

    /// Connects and subscribes to topics.
    init(port: UInt16, topics: [String]) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard connected else { throw ProgramError("nobody publishes on port \(port)") }
        // Signature, version 3.0, the mechanism NULL, no server.
        try write([0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48))
        let greeting = try read(64)
        guard greeting[0] == 0xff, greeting[9] == 0x7f, greeting[10] == 3 else { throw ProgramError("no greeting of ZMTP 3: \(greeting)") }
        let ready = [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 3] + Array("SUB".utf8)
        try write([4, UInt8(ready.count)] + ready)
        let (flags, answer) = try frame()
        guard flags & 4 != 0, answer.dropFirst().starts(with: "READY".utf8) else { throw ProgramError("no READY: \(answer)") }
        for topic in topics { try write([0, UInt8(topic.utf8.count + 1), 1] + Array(topic.utf8)) }
    }

    deinit { close(descriptor) }

    /// The next message: topic, body and number.
    func next() throws -> (topic: String, body: [UInt8], number: UInt32) {
        var parts: [[UInt8]] = []
        while true {
            let (flags, body) = try frame()
            if flags & 4 != 0 { continue }
            parts.append(body)
            if flags & 1 == 0 { break }
        }
        guard parts.count == 3, parts[2].count == 4 else { throw ProgramError("expected three parts, got \(parts)") }
        return (String(decoding: parts[0], as: UTF8.self), parts[1], parts[2].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }

    private func frame() throws -> (flags: UInt8, body: [UInt8]) {
        let flags = try read(1)[0]
        let length = try read(flags & 2 != 0 ? 8 : 1).reduce(0) { $0 << 8 | Int($1) }
        return (flags, try read(length))
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count), filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + filled, count - filled, 0) }
            guard got > 0 else { throw ProgramError("the publisher sent nothing more after \(filled) of \(count) bytes") }
            filled += got
        }
        return bytes
    }

    private func write(_ bytes: [UInt8]) throws {
        guard send(descriptor, bytes, bytes.count, 0) == bytes.count else { throw ProgramError("the publisher reads nothing") }
    }
}
