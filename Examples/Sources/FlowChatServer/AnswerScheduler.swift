import FlowModel
import Foundation

/// Makes many answers at once on threads of its own: each thread takes the next answer in turn, makes one step of it (a piece of the
/// prompt or a token), and puts it behind the others. What does not fit waits in a bounded queue.
final class AnswerScheduler: @unchecked Sendable {
    /// Answers at once.
    let parallel: Int
    /// Answers that may wait.
    let queueLimit: Int

    private let metrics: Metrics
    private let condition = NSCondition()
    private var waiting: [AnswerJob] = []
    private var ready: [AnswerJob] = []
    private var active = 0
    private var idleThreads = 0
    /// Threads that work on a model whose single answer keeps all threads busy.
    private var wholeMachineJobs = 0
    private var isStopping = false

    init(parallel: Int, queueLimit: Int, threads: Int, metrics: Metrics) {
        self.parallel = parallel
        self.queueLimit = queueLimit
        self.metrics = metrics
        for index in 0..<max(1, threads) {
            let thread = Thread { [self] in work() }
            thread.name = "flowchat.answer.\(index)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Queues the answers of one request, all or none.
    ///
    /// - Throws: ``APIError`` when the queue is full or the server stops.
    func submit(_ prompts: [(prompt: [Int], options: GenerationOptions)], model: ServedModel) throws(APIError) -> AnswerStream.Events {
        let (events, continuation) = AnswerStream.Events.makeStream()
        let stream = AnswerStream(continuation, answers: prompts.count)
        condition.lock()
        defer { condition.unlock() }
        if isStopping { throw .stopping }
        // A request that finds nobody waiting is taken however many answers it wants.
        let room = parallel - active + queueLimit - waiting.count
        guard prompts.count <= room || (waiting.isEmpty && active < parallel) else { throw .queueFull(limit: waiting.count) }
        waiting += prompts.enumerated().map { index, job in
            AnswerJob(index: index, model: model, prompt: job.prompt, options: job.options, request: stream)
        }
        let identity = ObjectIdentifier(stream)
        stream.onEnd { [weak self] in self?.forget(identity) }
        admit()
        return events
    }

    /// Answers being made, and waiting.
    var load: (active: Int, waiting: Int) {
        condition.lock()
        defer { condition.unlock() }
        return (active, waiting.count)
    }

    /// Takes no more requests; those that wait are refused, those being answered go on.
    func stop() {
        condition.lock()
        isStopping = true
        let refused = waiting
        waiting = []
        condition.broadcast()
        condition.unlock()
        for job in refused { job.request.fail(APIError.stopping) }
    }

    private func forget(_ stream: ObjectIdentifier) {
        condition.lock()
        waiting.removeAll { ObjectIdentifier($0.request) == stream }
        condition.unlock()
    }

    /// Starts what waits, as far as there is room. The lock is held.
    private func admit() {
        while active < parallel, !waiting.isEmpty {
            let job = waiting.removeFirst()
            job.session = job.model.takeSession(for: job.prompt, limit: parallel, inUse: active)
            active += 1
            ready.append(job)
        }
        if idleThreads > 0, !ready.isEmpty { condition.broadcast() }
    }

    /// The next answer that may be worked on. The lock is held.
    private func next() -> AnswerJob? {
        guard let index = ready.firstIndex(where: { !$0.model.usesAllThreads || wholeMachineJobs == 0 }) else { return nil }
        let job = ready.remove(at: index)
        if job.model.usesAllThreads { wholeMachineJobs += 1 }
        return job
    }

    private func work() {
        condition.lock()
        while true {
            guard let job = next() else {
                if isStopping, active == 0 { break }
                idleThreads += 1
                condition.wait()
                idleThreads -= 1
                continue
            }
            condition.unlock()
            let goesOn = job.step()
            if !goesOn { metrics.count(job) }
            condition.lock()
            if job.model.usesAllThreads { wholeMachineJobs -= 1 }
            if goesOn {
                ready.append(job)
            } else {
                if let session = job.session { job.model.giveBack(session) }
                active -= 1
                admit()
            }
        }
        condition.broadcast()
        condition.unlock()
    }
}
