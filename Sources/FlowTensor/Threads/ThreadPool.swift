internal import CFlowKernels

/// Splits work that was cut into tasks beforehand over a fixed number of threads.
///
/// Which thread runs which task is left open; what a task does is not, so results never depend on the number of threads.
/// The same goes for the processor's settings: tasks run in the canonical floating-point state (``withCanonicalFloatingPoint(_:)``) on every thread,
/// whatever the caller, the thread that made the pool or a task before did to its own; the caller finds its state as it was.
/// The caller's thread takes part. A pool that is busy (a task that calls `run` again, or two callers at once) runs the tasks on the
/// calling thread, so nesting cannot deadlock.
public final class ThreadPool: Sendable {
    /// A pool without threads of its own: everything runs on the caller's.
    public static let single = ThreadPool(threads: 1)

    /// Threads that work, the caller's included.
    public let threads: Int
    private let crew: WorkerCrew?

    /// - Parameter threads: 1 or more; smaller numbers count as 1. Where the system refuses a thread the pool goes on with those it has.
    public init(threads: Int) {
        let wanted = max(1, min(threads, 1024))
        crew = wanted > 1 ? WorkerCrew(workers: wanted - 1) : nil
        self.threads = 1 + (crew?.workers ?? 0)
    }

    deinit { crew?.stop() }

    /// Runs `body(0)` … `body(tasks − 1)`, each once, in any order and side by side, and returns when all are done.
    ///
    /// The body is handed to other threads although it is not `@Sendable`: tasks must not write to the same memory.
    public func run(_ tasks: Int, _ body: (Int) -> Void) {
        if tasks <= 0 { return }
        let before = cflow_floating_point_begin()
        defer { cflow_floating_point_end(before) }
        guard tasks > 1, let crew, crew.acquire() else {
            var task = 0
            while task < tasks {
                body(task)
                task += 1
            }
            return
        }
        withoutActuallyEscaping(body) { crew.execute(tasks, $0) }
        crew.release()
    }

    /// As `run`, for tasks that can fail. All tasks run; the fault of the lowest failing task is thrown, whatever the threads did.
    public func attempt<Fault: Error>(_ tasks: Int, _ body: (Int) throws(Fault) -> Void) throws(Fault) {
        var first = FirstFault<Fault>()
        withUnsafeMutablePointer(to: &first) { first in
            run(tasks) { task in
                do throws(Fault) { try body(task) } catch { FirstFault.record(error, task: task, in: first) }
            }
        }
        if let fault = first.fault { throw fault }
    }
}

/// The fault with the lowest task number.
private struct FirstFault<Fault: Error> {
    private var lock: Int64 = 0
    private var task = Int.max
    private(set) var fault: Fault?

    /// For several threads: each access of the value is one of its own, between taking the lock and giving it back.
    static func record(_ fault: Fault, task: Int, in first: UnsafeMutablePointer<Self>) {
        while !cflow_atomic_exchange_if(&first.pointee.lock, 0, 1) { cflow_pause() }
        if task < first.pointee.task {
            first.pointee.task = task
            first.pointee.fault = fault
        }
        cflow_atomic_store(&first.pointee.lock, 0)
    }
}
