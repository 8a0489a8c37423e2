import FlowEncoding
import FlowStore
import Logging
import Synchronization

/// Writes the mark of the tip behind the chain, on a thread of its own: of several that wait only the last, so that nobody waits for the disk
/// once more for each block.
final class TipMarkKeeper: Sendable {
    private let file: DurableFile
    private let thread = BlockingThread(name: "flowcoin.mark")
    private let state = Mutex<(waiting: TipMark?, isWriting: Bool, hasFailed: Bool)>((nil, false, false))
    private let log = Logger(label: "flowcoin.chain")

    init(file: DurableFile) { self.file = file }

    /// The mark that an earlier run left; nil where there is none that can be read.
    func read() -> TipMark? {
        do {
            return try file.read().map { try TipMark(decoding: $0) }
        } catch {
            log.warning("the mark of the tip cannot be read, so a shortened database would not be noticed this time", metadata: ["file": "\(file.path)", "reason": "\(error)"])
            return nil
        }
    }

    /// Writes a mark soon. What it names must be on the disk.
    func write(_ mark: TipMark) {
        let begins = state.withLock { state in
            state.waiting = mark
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if begins { Task { await thread.run { self.writeWaiting() } } }
    }

    /// Returns when the last mark is on the disk.
    func finish() async { await thread.run { self.writeWaiting() } }

    private func writeWaiting() {
        while let mark = takeWaiting() {
            do { try file.write(mark.encoded) } catch {
                // Without it nothing is lost but the warning; one line is enough.
                let isFirst = state.withLock { state in
                    defer { state.hasFailed = true }
                    return !state.hasFailed
                }
                if isFirst { log.warning("the mark of the tip cannot be written", metadata: ["file": "\(file.path)", "reason": "\(error)"]) }
            }
        }
    }

    private func takeWaiting() -> TipMark? {
        state.withLock { state in
            defer { state.waiting = nil }
            state.isWriting = state.waiting != nil
            return state.waiting
        }
    }
}
