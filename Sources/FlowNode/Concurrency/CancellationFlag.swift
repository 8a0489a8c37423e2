internal import Synchronization

/// A switch that blocking work looks at between steps.
public final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    public init() {}
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
    public func cancel() { flag.store(true, ordering: .releasing) }
    /// - Throws: `CancellationError` once cancelled
    public func check() throws { if isCancelled { throw CancellationError() } }
}
