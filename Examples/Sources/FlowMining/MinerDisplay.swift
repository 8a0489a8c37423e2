import Foundation
import Synchronization

/// Writes a miner's reports for a person: one line a block, and on a terminal a line in between that shows the rate.
public final class MinerDisplay: Sendable {
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let lastUpdate = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    public func show(_ report: MinerReport) {
        switch report {
        case let .step(height, loss, counts):
            guard isTerminal, isDue() else { return }
            write("\u{1B}[2K\rheight \(height)  loss \(number(loss, 3))  \(rates(counts))  blocks \(counts.blocks)")
        case let .found(height, hash, steps, heldOutLoss, counts):
            let loss = heldOutLoss.map { number($0, 4) } ?? "unknown"
            write("\(clear)block \(height)  held-out loss \(loss)  steps \(steps)  \(rates(counts))  \(hash.prefix(16))…\n")
        case let .refused(height, reason):
            write("\(clear)block \(height) refused: \(reason)\n")
        }
    }

    private var clear: String { isTerminal ? "\u{1B}[2K\r" : "" }

    private func rates(_ counts: MinerCounts) -> String {
        "\(number(counts.ticketsPerSecond, 2)) tickets/s  \(Int(counts.tokensPerSecond)) tokens/s"
    }

    private func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    private func isDue() -> Bool {
        lastUpdate.withLock { last in
            let now = ContinuousClock.now
            if let last, now - last < .milliseconds(200) { return false }
            last = now
            return true
        }
    }

    private func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
