import NIOConcurrencyHelpers

/// The events that wait for the node. Its size is bounded by its users: a connection whose share is above the mark is not
/// read from until the node has caught up.
final class EventQueue: Sendable {
    /// An event, and what to do when the node has taken it.
    struct Entry {
        let event: PeerEvent
        let taken: @Sendable () -> Void
    }

    private struct State {
        var entries: [Entry?] = []
        var head = 0
        var waiter: CheckedContinuation<Entry?, Never>?
        var finished = false

        mutating func pop() -> Entry? {
            guard head < entries.count else { return nil }
            let entry = entries[head]
            entries[head] = nil
            head += 1
            if head == entries.count {
                entries.removeAll(keepingCapacity: entries.capacity <= 1024)
                head = 0
            } else if head > 1024 && head > entries.count / 2 {
                entries.removeFirst(head)
                head = 0
            }
            return entry
        }
    }

    private let state = NIOLockedValueBox(State())

    func push(_ event: PeerEvent, taken: @escaping @Sendable () -> Void = {}) {
        let entry = Entry(event: event, taken: taken)
        let waiter = state.withLockedValue { state -> CheckedContinuation<Entry?, Never>? in
            if state.finished { return nil }
            guard let waiter = state.waiter else {
                state.entries.append(entry)
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: entry)
    }

    /// The next event; nil at the end, or when the task is cancelled. One caller at a time; another gets nil.
    func next() async -> PeerEvent? {
        let entry = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Entry?, Never>) in
                let ready = state.withLockedValue { state -> Entry?? in
                    if let entry = state.pop() { return .some(entry) }
                    if state.finished || state.waiter != nil || Task.isCancelled { return .some(nil) }
                    state.waiter = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let waiter = state.withLockedValue { state -> CheckedContinuation<Entry?, Never>? in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
        entry?.taken()
        return entry?.event
    }

    /// No more events; those that wait can still be taken.
    func finish() {
        let waiter = state.withLockedValue { state -> CheckedContinuation<Entry?, Never>? in
            state.finished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }
}
