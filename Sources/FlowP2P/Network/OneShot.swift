import NIOConcurrencyHelpers

/// A value that comes once, for any number of tasks that wait for it.
final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case waiting([UInt64: CheckedContinuation<Value?, Never>], next: UInt64)
        case done(Value)
    }

    private let state = NIOLockedValueBox(State.waiting([:], next: 0))

    /// Sets the value; later calls change nothing.
    func fulfil(_ value: Value) {
        let waiters = state.withLockedValue { state -> [CheckedContinuation<Value?, Never>] in
            guard case .waiting(let waiters, _) = state else { return [] }
            state = .done(value)
            return Array(waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// The value; nil when the task is cancelled first.
    func get() async -> Value? {
        let ticket = state.withLockedValue { state -> UInt64 in
            guard case .waiting(let waiters, let next) = state else { return 0 }
            state = .waiting(waiters, next: next + 1)
            return next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Value?, Never>) in
                let ready = state.withLockedValue { state -> Value?? in
                    guard case .waiting(var waiters, let next) = state else {
                        if case .done(let value) = state { return .some(value) }
                        return .some(nil)
                    }
                    if Task.isCancelled { return .some(nil) }
                    waiters[ticket] = continuation
                    state = .waiting(waiters, next: next)
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let waiter = state.withLockedValue { state -> CheckedContinuation<Value?, Never>? in
                guard case .waiting(var waiters, let next) = state else { return nil }
                defer { state = .waiting(waiters, next: next) }
                return waiters.removeValue(forKey: ticket)
            }
            waiter?.resume(returning: nil)
        }
    }
}
