/// The one thread on which blocks are replayed.
final class ReplayWorker: Sendable {
    private let thread = BlockingThread(name: "flowcoin.replay")
    private nonisolated(unsafe) let engine: ReplayEngine

    /// Takes the engine over: nobody else may touch it.
    init(environment: TrainingEnvironment) { engine = ReplayEngine(environment: environment) }

    func run<R: Sendable>(_ body: @escaping @Sendable (ReplayEngine) -> R) async -> R {
        await thread.run { [self] in body(engine) }
    }
}
