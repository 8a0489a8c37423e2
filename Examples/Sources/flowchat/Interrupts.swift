import Dispatch
import Foundation
import Synchronization

/// Ctrl-C (SIGINT): while an answer is made it stops the answer, otherwise the program.
final class Interrupts: @unchecked Sendable {
    private let isAnswering = Atomic(false)
    private let isStopped = Atomic(false)
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        self.source = source
        source.setEventHandler { [weak self] in self?.handle() }
        source.resume()
    }

    private func handle() {
        if isAnswering.load(ordering: .acquiring) {
            isStopped.store(true, ordering: .releasing)
        } else {
            exit(130)
        }
    }

    /// Runs `body`, which asks the function that it gets whether to go on.
    func during<Result, Failure: Error>(
        _ body: (() -> Bool) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        isStopped.store(false, ordering: .releasing)
        isAnswering.store(true, ordering: .releasing)
        defer { isAnswering.store(false, ordering: .releasing) }
        return try body { !self.isStopped.load(ordering: .acquiring) }
    }
}
