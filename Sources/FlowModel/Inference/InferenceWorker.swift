internal import Dispatch
internal import FlowTensor

/// A session on a thread outside Swift's cooperative pool, for callers that must not block: requests are answered one
/// after the other.
public final class InferenceWorker: Sendable {
    public let model: InferenceModel
    private let queue = DispatchQueue(label: "flow.model.inference")
    private let desk: Desk

    /// - Parameters:
    ///   - capacity: most tokens of context, see ``InferenceSession``.
    ///   - threads: threads that compute.
    public init(model: InferenceModel, capacity: Int? = nil, threads: Int = 1) {
        self.model = model
        desk = Desk(
            session: InferenceSession(model: model, capacity: capacity, pool: ThreadPool(threads: threads)))
    }

    /// Answers `prompt`.
    ///
    /// The stream's last element is ``GenerationEvent/finished(_:)``. Ending the iteration early, or cancelling the
    /// task that iterates, stops the answer.
    public func generate(
        _ prompt: [Int], options: GenerationOptions = GenerationOptions()
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            queue.async { [desk] in
                do throws(InferenceError) {
                    let result = try desk.session.generate(prompt, options: options) { event in
                        if case .terminated = continuation.yield(event) { return false }
                        return true
                    }
                    continuation.yield(.finished(result))
                    continuation.finish()
                } catch { continuation.finish(throwing: error) }
            }
        }
    }

    /// Forgets the conversation.
    public func reset() {
        queue.async { [desk] in desk.session.rewind(to: 0) }
    }
}

/// The session, which only the worker's queue touches.
private final class Desk: @unchecked Sendable {
    let session: InferenceSession
    init(session: InferenceSession) { self.session = session }
}
