import Dispatch
import Foundation

/// SIGINT and SIGTERM: the first is waited for, the second ends the process.
final class EndSignals: @unchecked Sendable {
    private let stream: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        self.stream = stream
        let queue = DispatchQueue(label: "flowchat.signals")
        let seen = Box()
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if seen.value { exit(130) }
                seen.value = true
                continuation.yield()
            }
            source.resume()
            return source
        }
    }

    func first() async { for await _ in stream { return } }

    /// Touched on the signals' queue only.
    private final class Box: @unchecked Sendable { var value = false }
}
