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

/// The threads behind a `ThreadPool`: they wait for a job, take task numbers from a shared counter, and report back.
final class WorkerCrew: @unchecked Sendable {
    private(set) var workers = 0
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// busy, next task, working threads, generation of the job; a cache line apart.
    private let cells = UnsafeMutablePointer<Int64>.allocate(capacity: 32)
    private var busy: UnsafeMutablePointer<Int64> { cells }
    private var next: UnsafeMutablePointer<Int64> { cells + 8 }
    private var working: UnsafeMutablePointer<Int64> { cells + 16 }
    private var generation: UnsafeMutablePointer<Int64> { cells + 24 }
    private var stopping = false
    private var tasks: Int64 = 0
    private var body: ((Int) -> Void)?
    private static let spins = 1_000

    init(workers wanted: Int) {
        cells.initialize(repeating: 0, count: 32)
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
        tasks = Int64(count)
        cflow_atomic_store(next, 0)
        cflow_atomic_store(working, Int64(workers))
        pthread_mutex_lock(mutex)
        _ = cflow_atomic_add(generation, 1)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)

        takeTasks(body, count: Int64(count))

        var spin = 0
        while cflow_atomic_load(working) != 0, spin < Self.spins {
            cflow_pause()
            spin += 1
        }
        if cflow_atomic_load(working) != 0 {
            pthread_mutex_lock(mutex)
            while cflow_atomic_load(working) != 0 { pthread_cond_wait(done, mutex) }
            pthread_mutex_unlock(mutex)
        }
        self.body = nil
    }

    func stop() {
        pthread_mutex_lock(mutex)
        stopping = true
        _ = cflow_atomic_add(generation, 1)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
    }

    private func takeTasks(_ body: (Int) -> Void, count: Int64) {
        while true {
            let task = cflow_atomic_add(next, 1)
            if task >= count { return }
            body(Int(task))
        }
    }

    /// Apart, so that the reference to the body is given up before the worker reports back.
    @inline(never)
    private func joinJob() {
        if let body { takeTasks(body, count: tasks) }
    }

    private func work() {
        var seen: Int64 = 0
        while true {
            var spin = 0
            while cflow_atomic_load(generation) == seen, spin < Self.spins {
                cflow_pause()
                spin += 1
            }
            pthread_mutex_lock(mutex)
            while cflow_atomic_load(generation) == seen { pthread_cond_wait(wake, mutex) }
            seen = cflow_atomic_load(generation)
            let stop = stopping
            pthread_mutex_unlock(mutex)
            if stop { return }
            joinJob()
            if cflow_atomic_add(working, -1) == 1 {
                pthread_mutex_lock(mutex)
                pthread_cond_signal(done)
                pthread_mutex_unlock(mutex)
            }
        }
    }
}
