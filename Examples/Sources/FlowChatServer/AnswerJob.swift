import FlowModel
import Synchronization

/// One answer to be made.
final class AnswerJob: @unchecked Sendable {
    /// Which choice of its request it is.
    let index: Int
    let model: ServedModel
    let prompt: [Int]
    let options: GenerationOptions
    let request: AnswerStream
    let submitted = ContinuousClock.now

    // Only the thread that works on the job touches these; the scheduler's lock passes them on.
    var session: InferenceSessionBox?
    var generation: Generation?
    var firstToken: ContinuousClock.Instant?

    init(index: Int, model: ServedModel, prompt: [Int], options: GenerationOptions, request: AnswerStream) {
        self.index = index
        self.model = model
        self.prompt = prompt
        self.options = options
        self.request = request
    }

    /// Makes one step. Returns whether the answer goes on.
    func step() -> Bool {
        guard !request.isCancelled, let session else { return false }
        let generation = generation ?? Generation(session.session, prompt: prompt, options: options)
        self.generation = generation
        do throws(InferenceError) {
            let goesOn = try generation.step { event in
                request.send(index, event)
                return !request.isCancelled
            }
            if firstToken == nil, generation.result.generatedTokens > 0 { firstToken = .now }
            if !goesOn { request.finish(index, generation.result) }
            return goesOn
        } catch {
            request.fail(error)
            return false
        }
    }
}

/// Where the events of all answers to one request go, and whether anybody still wants them.
final class AnswerStream: Sendable {
    typealias Events = AsyncThrowingStream<(choice: Int, event: GenerationEvent), any Error>
    private let continuation: Events.Continuation
    private let unfinished: Mutex<Int>
    private let cancelled = Atomic(false)

    init(_ continuation: Events.Continuation, answers: Int) {
        self.continuation = continuation
        unfinished = Mutex(answers)
    }

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    /// Sets what is called once when the reader has ended, or let go of the events before their end.
    func onEnd(_ body: @escaping @Sendable () -> Void) {
        continuation.onTermination = { [weak self] _ in
            self?.cancelled.store(true, ordering: .releasing)
            body()
        }
    }

    func send(_ choice: Int, _ event: GenerationEvent) { continuation.yield((choice, event)) }

    func finish(_ choice: Int, _ result: GenerationResult) {
        continuation.yield((choice, .finished(result)))
        let left = unfinished.withLock { count in
            count -= 1
            return count
        }
        if left == 0 { continuation.finish() }
    }

    func fail(_ error: any Error) {
        cancelled.store(true, ordering: .releasing)
        continuation.finish(throwing: error)
    }
}
