import Dispatch
import Synchronization

/// Set once by a task's cancellation, asked by the working thread.
final class CancellationFlag: Sendable {
    private let state = Atomic(false)
    var isSet: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }
}

/// One piece of long blocking work on a thread outside Swift's cooperative pool.
enum BackgroundWork {
    static func start(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "flow.model.background").async(execute: body)
    }
}
