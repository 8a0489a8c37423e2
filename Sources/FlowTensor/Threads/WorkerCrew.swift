internal import CFlowKernels

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Android)
    internal import Android
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The threads behind a `ThreadPool`: they wait for a job, join it, take task numbers, and leave it.
///
/// Each thread begins with a run of tasks of its own, the same for every job with as many, so that what one job leaves in a thread's cache the next one
/// finds there; then it helps with the runs of the others.
///
/// A job is open until its caller finds no task left; who comes later, since it slept or the system ran something else, is not waited for. Number,
/// openness and the count of those inside share one word, so that nobody joins what is closed.
///
/// Who waits spins for a while and then sleeps. The lock is taken only to fall asleep and to wake sleepers: a sleeper announces itself before it looks
/// for the last time, and who has news looks for sleepers behind giving them, both with sequential consistency, so that neither misses the other.
final class WorkerCrew: @unchecked Sendable {
    private(set) var workers = 0
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Cells a cache line apart: busy, threads that began, the job, sleeping workers, sleeping caller, and for each thread, the caller first, how many
    /// tasks of its run were taken.
    private let cells: UnsafeMutablePointer<Int64>
    private var busy: UnsafeMutablePointer<Int64> { cells }
    private var started: UnsafeMutablePointer<Int64> { cells + 8 }
    private var job: UnsafeMutablePointer<Int64> { cells + 16 }
    private var sleepers: UnsafeMutablePointer<Int64> { cells + 24 }
    private var callerSleeps: UnsafeMutablePointer<Int64> { cells + 32 }
    private func taken(_ thread: Int) -> UnsafeMutablePointer<Int64> { cells + 40 + 8 * thread }

    /// The word of a job: its number, whether it is open, and the workers inside.
    private enum Job {
        static let open: Int64 = 1 << 16
        static let next: Int64 = 1 << 17
        static func workers(_ word: Int64) -> Int64 { word & (open - 1) }
        static func number(_ word: Int64) -> Int64 { word >> 17 }
    }

    /// Written before the job that ends the threads.
    private var stopping = false
    /// Of the job that is open; nobody is inside when they are written.
    private var tasks = 0
    private var body: ((Int) -> Void)?
    /// Some 50 to 100 µs: longer than the work between two jobs of a step.
    private static let spins = 2_000

    init(workers wanted: Int) {
        let cellCount = 40 + 8 * (wanted + 1)
        cells = .allocate(capacity: cellCount)
        cells.initialize(repeating: 0, count: cellCount)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
        pthread_cond_init(done, nil)
        while workers < wanted, startWorker() { workers += 1 }
    }

    deinit {
        pthread_cond_destroy(done)
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        done.deallocate()
        wake.deallocate()
        mutex.deallocate()
        cells.deallocate()
    }

    private func startWorker() -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let retained = Unmanaged.passRetained(self)
        #if canImport(Darwin)
            var thread: pthread_t?
            let status = pthread_create(&thread, &attributes, { WorkerCrew.main($0) }, retained.toOpaque())
        #else
            var thread = pthread_t()
            let status = pthread_create(&thread, &attributes, { WorkerCrew.main($0) }, retained.toOpaque())
        #endif
        if status != 0 { retained.release() }
        return status == 0
    }

    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        Unmanaged<WorkerCrew>.fromOpaque(argument).takeRetainedValue().work()
        return nil
    }

    func acquire() -> Bool { cflow_atomic_exchange_if(busy, 0, 1) }
    func release() { cflow_atomic_store(busy, 0) }

    func execute(_ count: Int, _ body: @escaping (Int) -> Void) {
        self.body = body
        tasks = count
        for thread in 0...workers { cflow_atomic_store(taken(thread), 0) }
        announce(open: true, helpers: count - 1)

        takeTasks(body, thread: 0)

        var inside = Job.workers(cflow_atomic_add(job, -Job.open))
        if inside != 0, !spin(while: { Job.workers(cflow_atomic_load(job)) != 0 }) {
            pthread_mutex_lock(mutex)
            cflow_atomic_store(callerSleeps, 1)
            while true {
                inside = Job.workers(cflow_atomic_load(job))
                if inside == 0 { break }
                pthread_cond_wait(done, mutex)
            }
            cflow_atomic_store(callerSleeps, 0)
            pthread_mutex_unlock(mutex)
        }
        self.body = nil
    }

    func stop() {
        stopping = true
        announce(open: false, helpers: workers)
    }

    /// The next job, for those who spin and as many of those who sleep as it has work for.
    private func announce(open: Bool, helpers: Int) {
        // The last job is closed and empty, so its word has only a number.
        _ = cflow_atomic_add(job, Job.next + (open ? Job.open : 0))
        let sleeping = Int(cflow_atomic_load(sleepers))
        if sleeping == 0 { return }
        pthread_mutex_lock(mutex)
        if helpers < sleeping {
            for _ in 0..<helpers { pthread_cond_signal(wake) }
        } else {
            pthread_cond_broadcast(wake)
        }
        pthread_mutex_unlock(mutex)
    }

    /// False where the condition still held after a while.
    @inline(__always)
    private func spin(while condition: () -> Bool) -> Bool {
        for _ in 0..<Self.spins {
            if !condition() { return true }
            cflow_pause()
        }
        return !condition()
    }

    private func takeTasks(_ body: (Int) -> Void, thread: Int) {
        let threads = workers + 1
        for offset in 0..<threads {
            let owner = (thread + offset) % threads
            let first = tasks * owner / threads, count = tasks * (owner + 1) / threads - first
            while Int(cflow_atomic_load(taken(owner))) < count {
                let task = Int(cflow_atomic_add(taken(owner), 1))
                if task >= count { break }
                body(first + task)
            }
        }
    }

    /// Apart, so that the reference to the body is given up before the worker leaves the job. A thread of the crew inherited the floating-point state of
    /// the one that made it, and may have been left in another by the last job's tasks.
    @inline(never)
    private func help(_ thread: Int) {
        _ = cflow_floating_point_begin()
        if let body { takeTasks(body, thread: thread) }
    }

    /// True where this thread is inside the job of this number now.
    private func join(_ number: Int64) -> Bool {
        var word = cflow_atomic_load(job)
        while Job.number(word) == number, word & Job.open != 0 {
            if cflow_atomic_exchange_if(job, word, word + 1) { return true }
            word = cflow_atomic_load(job)
        }
        return false
    }

    private func work() {
        let thread = 1 + Int(cflow_atomic_add(started, 1))
        var seen: Int64 = 0
        func number() -> Int64 { Job.number(cflow_atomic_load(job)) }
        while true {
            if !spin(while: { number() == seen }) {
                pthread_mutex_lock(mutex)
                _ = cflow_atomic_add(sleepers, 1)
                while number() == seen { pthread_cond_wait(wake, mutex) }
                _ = cflow_atomic_add(sleepers, -1)
                pthread_mutex_unlock(mutex)
            }
            seen = number()
            if stopping { return }
            guard join(seen) else { continue }
            help(thread)
            if Job.workers(cflow_atomic_add(job, -1)) == 1, cflow_atomic_load(callerSleeps) != 0 {
                pthread_mutex_lock(mutex)
                pthread_cond_signal(done)
                pthread_mutex_unlock(mutex)
            }
        }
    }
}
