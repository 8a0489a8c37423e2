public import FlowConsensus
public import FlowCrypto
import FlowModel
import FlowTensor
internal import Synchronization

/// Mines in this process, on a thread of its own.
public final class MiningLoop: Sendable {
    private let chain: ChainService
    private let thread = BlockingThread(name: "flowcoin.mining")
    private nonisolated(unsafe) let bench: MiningBench
    /// A template is made anew after so long, so that new transactions find their way in.
    static let templateSeconds: UInt64 = 30

    init(chain: ChainService) {
        self.chain = chain
        bench = MiningBench(environment: chain.environment)
    }

    /// Mines blocks, one after another.
    /// - Parameters:
    ///   - count: how many; nil goes on until the task is cancelled
    ///   - program: who is paid
    ///   - attempts: trajectories to try in all; nil for no limit
    /// - Returns: the hashes of the blocks, which are connected
    /// - Throws: `CancellationError`, `NodeError`
    public func mine(
        _ count: Int?, paying program: LockProgram, attempts: UInt64? = nil,
        progress: @escaping @Sendable (MiningProgress) -> Void = { _ in }
    ) async throws -> [Hash256] {
        var found: [Hash256] = []
        let tally = MiningTally(attempts: attempts ?? .max, progress: progress)
        while count.map({ found.count < $0 }) ?? true {
            try Task.checkCancellation()
            guard tally.hasAttempts else { break }
            let stale = CancellationFlag()
            // Listening starts before the job is made, so no tip is missed.
            let events = chain.events()
            let watch = Task {
                for await event in events { if case .tip = event { stale.cancel() } }
                stale.cancel()
            }
            defer { watch.cancel() }
            let job: (template: BlockTemplate, weights: ModelState)
            do {
                job = try await chain.miningJob()
            } catch let error as NodeError where error.code == .notDue {
                // Blocks came faster than their times may; the next one is due soon, or the tip moves.
                try await Task.sleep(for: .seconds(1))
                continue
            }
            let attempt = try await withTaskCancellationHandler {
                try await thread.run { [self] in
                    try bench.search(job, paying: program, stale: stale, clock: chain.clock, tally: tally)
                }
            } onCancel: {
                stale.cancel()
            }
            guard let attempt else { continue }
            // Handed over like anybody's: the node replays it, which proves this machine's arithmetic before peers hear of it, and
            // trains on to the weights that the next block starts from.
            let fate = try await chain.submit(attempt)
            switch fate {
            case .connected:
                found.append(attempt.hash)
                tally.report(height: attempt.header.height, found: attempt.hash)
            case .sideChain, .duplicate: continue
            default: throw NodeError(.localFault, "the block that this node mined was refused: \(fate)")
            }
        }
        return found
    }
}

/// Counts tickets and steps for reports.
final class MiningTally: Sendable {
    private struct Counts {
        var attempts: UInt64
        var tickets: UInt64 = 0
        var steps: UInt64 = 0
        var tokens: UInt64 = 0
        var loss = Double.nan
    }

    private let counts: Mutex<Counts>
    private let progress: @Sendable (MiningProgress) -> Void

    /// - Parameter attempts: trajectories that may be begun
    init(attempts: UInt64, progress: @escaping @Sendable (MiningProgress) -> Void) {
        counts = Mutex(Counts(attempts: attempts))
        self.progress = progress
    }

    var hasAttempts: Bool { counts.withLock { $0.attempts > 0 } }

    /// False when no further trajectory may be begun.
    func takeAttempt() -> Bool {
        counts.withLock {
            guard $0.attempts > 0 else { return false }
            $0.attempts -= 1
            return true
        }
    }

    func step(isTicket: Bool, tokens: Int, height: BlockHeight, loss: Double) {
        counts.withLock {
            $0.steps += 1
            $0.tokens += UInt64(tokens)
            $0.loss = loss
            if isTicket { $0.tickets += 1 }
        }
        report(height: height, found: nil)
    }

    func report(height: BlockHeight, found: Hash256?) {
        let now = counts.withLock { $0 }
        progress(MiningProgress(height: height, tickets: now.tickets, steps: now.steps, tokens: now.tokens, loss: now.loss, found: found))
    }
}
