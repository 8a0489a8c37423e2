internal import Synchronization

/// Many listeners to one source of events; each gets an AsyncStream of its own.
final class Broadcast<Event: Sendable>: Sendable {
    private struct Listeners {
        var next = 0
        var continuations: [Int: AsyncStream<Event>.Continuation] = [:]
        var finished = false
    }

    private let listeners = Mutex(Listeners())

    /// Events from now on. A listener that falls behind by more than `limit` events loses the oldest.
    func stream(limit: Int = 4096) -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(limit))
        let number: Int? = listeners.withLock {
            guard !$0.finished else { return nil }
            $0.next += 1
            $0.continuations[$0.next] = continuation
            return $0.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.listeners.withLock { _ = $0.continuations.removeValue(forKey: number) }
        }
        return stream
    }

    func send(_ event: Event) {
        let all = listeners.withLock { Array($0.continuations.values) }
        for continuation in all { continuation.yield(event) }
    }

    func finish() {
        let all = listeners.withLock {
            $0.finished = true
            return Array($0.continuations.values)
        }
        for continuation in all { continuation.finish() }
    }
}
