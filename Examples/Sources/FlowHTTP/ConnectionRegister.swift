import NIOCore
import Synchronization

/// Which connections a server has, for its bounds and for its end.
final class ConnectionRegister: Sendable {
    private let openCount = Atomic(0)
    private let answeringCount = Atomic(0)
    private let members = Mutex<[ObjectIdentifier: NIOLoopBound<HTTPConnection>]>([:])

    /// Connections that are open.
    var open: Int { openCount.load(ordering: .relaxed) }
    /// Requests whose reply is not out yet, of clients that are still there.
    var answering: Int { answeringCount.load(ordering: .relaxed) }

    /// - Returns: how many are open, this one included.
    func opened() -> Int { openCount.add(1, ordering: .relaxed).newValue }
    func closed() { openCount.subtract(1, ordering: .relaxed) }
    func answerBegan() { answeringCount.add(1, ordering: .relaxed) }
    func answerEnded() { answeringCount.subtract(1, ordering: .relaxed) }

    func add(_ connection: NIOLoopBound<HTTPConnection>) {
        let key = ObjectIdentifier(connection.value)
        members.withLock { $0[key] = connection }
    }

    /// Forgets a connection that is closed and whose answer has ended.
    func remove(_ connection: HTTPConnection) {
        let key = ObjectIdentifier(connection)
        members.withLock { _ = $0.removeValue(forKey: key) }
    }

    /// Has something done with each connection, on its event loop.
    func forEach(_ action: @escaping @Sendable (HTTPConnection) -> Void) {
        for member in members.withLock({ Array($0.values) }) {
            member.eventLoop.execute { action(member.value) }
        }
    }
}
