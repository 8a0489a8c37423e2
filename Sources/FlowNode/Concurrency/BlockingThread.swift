internal import Dispatch

/// Long blocking work (training, hashing a model, reading a corpus) in submission order on a thread of its own.
final class BlockingThread: Sendable {
    private let queue: DispatchQueue

    init(name: String) { queue = DispatchQueue(label: name) }

    /// Runs `body` there and waits without blocking a thread of the cooperative pool.
    func run<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }

    /// Runs `body` there and waits without blocking a thread of the cooperative pool.
    func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
