internal import FlowTensor

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A session on a thread of its own, for callers that must not block: requests are answered one after the other.
public final class InferenceWorker: Sendable {
    public let model: InferenceModel
    private let mailbox: Mailbox

    /// Starts the thread; it ends with the worker.
    ///
    /// - Parameters:
    ///   - capacity: most tokens of context, see ``InferenceSession``.
    ///   - threads: threads that compute.
    public init(model: InferenceModel, capacity: Int? = nil, threads: Int = 1) {
        self.model = model
        mailbox = Mailbox()
        let mailbox = mailbox
        let body: @Sendable () -> Void = {
            let session = InferenceSession(model: model, capacity: capacity, pool: ThreadPool(threads: threads))
            while let request = mailbox.take() { request(session) }
        }
        if !startThread(body) { mailbox.close() }
    }

    deinit { mailbox.close() }

    /// Answers `prompt` on the worker's thread.
    ///
    /// The stream's last element is ``GenerationEvent/finished(_:)``. Ending the iteration early, or cancelling the
    /// task that iterates, stops the answer.
    public func generate(
        _ prompt: [Int], options: GenerationOptions = GenerationOptions()
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            let accepted = mailbox.put { session in
                do throws(InferenceError) {
                    let result = try session.generate(prompt, options: options) { event in
                        if case .terminated = continuation.yield(event) { return false }
                        return true
                    }
                    continuation.yield(.finished(result))
                    continuation.finish()
                } catch { continuation.finish(throwing: error) }
            }
            if !accepted { continuation.finish(throwing: InferenceError.cancelled) }
        }
    }
}

/// A queue between threads.
private final class Mailbox: @unchecked Sendable {
    typealias Request = @Sendable (InferenceSession) -> Void
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var requests: [Request] = []
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrived, nil)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(mutex)
        arrived.deallocate()
        mutex.deallocate()
    }

    func put(_ request: @escaping Request) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if isClosed { return false }
        requests.append(request)
        pthread_cond_signal(arrived)
        return true
    }

    /// The next request; nil after closing, when all are done.
    func take() -> Request? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while requests.isEmpty, !isClosed { pthread_cond_wait(arrived, mutex) }
        return requests.isEmpty ? nil : requests.removeFirst()
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(arrived)
        pthread_mutex_unlock(mutex)
    }
}

private final class ThreadBody {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a detached thread; false when the system has none to give.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    let argument = Unmanaged.passRetained(ThreadBody(body))
    // Memory by type, not by its initialiser: which module owns that one depends on what else is imported.
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    defer {
        pthread_attr_destroy(attributes)
        attributes.deallocate()
    }
    pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(attributes, 8 << 20)
    let status: Int32
    #if canImport(Darwin)
        var thread: pthread_t?
        status = pthread_create(&thread, attributes, { pointer in
            Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, argument.toOpaque())
    #else
        var thread = pthread_t()
        status = pthread_create(&thread, attributes, { pointer in
            if let pointer { Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run() }
            return nil
        }, argument.toOpaque())
    #endif
    if status != 0 { argument.release() }
    return status == 0
}
