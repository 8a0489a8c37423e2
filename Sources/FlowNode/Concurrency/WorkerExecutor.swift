internal import Dispatch

/// A serial executor with a thread of its own choosing outside the cooperative pool: an actor on it may block on the
/// disk or hash for seconds without holding up anybody else's tasks.
final class WorkerExecutor: SerialExecutor, Sendable {
    private let queue: DispatchQueue

    /// - Parameter name: how the thread shows in a debugger
    init(name: String) { queue = DispatchQueue(label: name) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}
