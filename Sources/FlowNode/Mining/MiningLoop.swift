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
    /// Mining rests for so long after a fault of this machine, and twice as long after each further one, up to the longest.
    private static let rest = (first: UInt64(1), longest: UInt64(60))

    init(chain: ChainService) {
        self.chain = chain
        bench = MiningBench(environment: chain.environment)
    }

    /// Mines blocks, one after another. A fault of this machine is a warning, and mining goes on after a rest.
    /// - Parameters:
    ///   - count: how many; nil goes on until the task is cancelled
    ///   - program: who is paid
    ///   - attempts: trajectories to try in all; nil for no limit
    ///   - transactions: what stands in the blocks; nil for the best paying transactions of the mempool
    /// - Returns: the hashes of the blocks, which are connected
    /// - Throws: `CancellationError`, `NodeError`
    public func mine(
        _ count: Int?, paying program: LockProgram, attempts: UInt64? = nil, holding transactions: [Transaction]? = nil,
        progress: @escaping @Sendable (MiningProgress) -> Void = { _ in }
    ) async throws -> [Hash256] {
        var found: [Hash256] = []
        var rest = Self.rest.first
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
                job = try await chain.miningJob(holding: transactions)
            } catch let error as NodeError where error.code == .notDue {
                // Blocks came faster than their times may; the next one is due soon, or the tip moves.
                try await Task.sleep(for: .seconds(1))
                continue
            }
            let attempt: Block?
            do {
                attempt = try await withTaskCancellationHandler {
                    try await thread.run { [self] in
                        try bench.search(job, paying: program, stale: stale, clock: chain.clock, tally: tally)
                    }
                } onCancel: {
                    stale.cancel()
                }
            } catch let fault as LocalFault {
                try await bear(fault, height: job.template.height, rest: &rest)
                continue
            }
            guard let attempt else { continue }
            // Handed over like anybody's: the node replays it, which proves this machine's arithmetic before peers hear of it, and
            // trains on to the weights that the next block starts from.
            let fate = try await chain.submit(attempt)
            switch fate {
            case .connected:
                found.append(attempt.hash)
                rest = Self.rest.first
                tally.report(height: attempt.header.height, found: attempt.hash)
            case .sideChain, .duplicate: continue
            case .localFault(let reason): try await bear(.environment(reason), height: job.template.height, rest: &rest)
            case .noRoom, .premature:
                try await bear(.environment("the block that this node mined has to wait: \(fate)"), height: job.template.height, rest: &rest)
            case .invalid(let rule, let detail, _) where BlockViolation.trainingIdentifiers.contains(rule):
                let reason = "the replay of a block that this node mined found something else than its training: \(detail); check the memory and the cooling of this machine"
                try await bear(.environment(reason), height: job.template.height, rest: &rest)
            default: throw NodeError(.localFault, "the block that this node mined was refused: \(fate)")
            }
        }
        return found
    }

    /// The operator is told of a fault of this machine, and after a rest mining goes on.
    private func bear(_ fault: LocalFault, height: BlockHeight, rest: inout UInt64) async throws {
        try await chain.warn(of: fault)
        try await Task.sleep(for: .seconds(rest))
        rest = min(rest * 2, Self.rest.longest)
        guard case .corpus = fault else { return }
        // Files that were put back have another time of change. Where it still fails, the next search says so.
        let corpus = chain.environment.stage(at: height).corpus
        await thread.run { try? corpus.reopen() }
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
