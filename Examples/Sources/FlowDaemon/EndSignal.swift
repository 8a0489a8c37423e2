import Dispatch
import FlowNode
import Foundation
import Synchronization

/// Says once that the daemon should end: asked to by RPC or a signal, or forced to by a fault.
final class EndSignal: Sendable {
    private struct State {
        var ended = false
        var fault: NodeError?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    // Dispatch sources are thread-safe objects; Dispatch does not say so in its types.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init() {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.stop() }
            source.resume()
        }
    }

    /// Does something each time the terminal or a program that turns logs sends SIGHUP, until cancelled.
    static func onHangUp(_ action: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler(handler: action)
        source.resume()
        return source
    }

    deinit { sources.forEach { $0.cancel() } }

    var fault: NodeError? { state.withLock { $0.fault } }

    func stop() { end(nil) }
    func fail(_ error: NodeError) { end(error) }

    func wait() async {
        await withCheckedContinuation { continuation in
            let ended = state.withLock {
                if !$0.ended { $0.waiting.append(continuation) }
                return $0.ended
            }
            if ended { continuation.resume() }
        }
    }

    private func end(_ error: NodeError?) {
        let waiting = state.withLock { state in
            state.ended = true
            if state.fault == nil { state.fault = error }
            defer { state.waiting = [] }
            return state.waiting
        }
        waiting.forEach { $0.resume() }
    }
}
