import CZeroMQ
import ProgramSupport

/// ZeroMQ's sockets of type PUB, one for each address. Not to be used by two threads at once: its owner is an actor.
final class PublishingSockets {
    private let context: UnsafeMutableRawPointer
    private var sockets: [String: UnsafeMutableRawPointer] = [:]

    /// Listens at all addresses.
    /// - Throws: `ProgramError` naming the address
    init(_ publications: [Publication]) throws(ProgramError) {
        guard let context = zmq_ctx_new() else { throw ProgramError("ZeroMQ cannot be started: \(Self.reason).") }
        self.context = context
        for publication in publications where sockets[publication.endpoint] == nil {
            guard let socket = zmq_socket(context, ZMQ_PUB) else { throw ProgramError("ZeroMQ has no socket for \(publication.address): \(Self.reason).") }
            sockets[publication.endpoint] = socket
            // The most patient of those that share it.
            let limits = publications.filter { $0.endpoint == publication.endpoint }.map(\.limit)
            Self.set(socket, ZMQ_SNDHWM, limits.contains(0) ? 0 : limits.max() ?? 0)
            Self.set(socket, ZMQ_LINGER, 0)
            Self.set(socket, ZMQ_TCP_KEEPALIVE, 1)
            if publication.endpoint.hasPrefix("tcp://[") { Self.set(socket, ZMQ_IPV6, 1) }
            guard zmq_bind(socket, publication.endpoint) == 0 else {
                throw ProgramError("ZeroMQ cannot listen at \(publication.address): \(Self.reason). Give -zmqpub\(publication.topic.rawValue) a free address of this machine.")
            }
        }
    }

    deinit {
        for socket in sockets.values { zmq_close(socket) }
        zmq_ctx_term(context)
    }

    private static var reason: String { String(cString: zmq_strerror(zmq_errno())) }

    private static func set(_ socket: UnsafeMutableRawPointer, _ option: Int32, _ value: Int) {
        var value = Int32(clamping: value)
        zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size)
    }

    /// Sends a message of several parts. A subscriber for whom too many wait does not get it.
    /// - Returns: false when it was not taken
    func send(_ parts: [[UInt8]], at endpoint: String) -> Bool {
        guard let socket = sockets[endpoint] else { return false }
        for (index, part) in parts.enumerated() {
            guard zmq_send(socket, part, part.count, index < parts.count - 1 ? ZMQ_SNDMORE : 0) >= 0 else { return false }
        }
        return true
    }
}
