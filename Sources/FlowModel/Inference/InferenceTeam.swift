internal import CFlowKernels
internal import FlowTensor

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Android)
    internal import Android
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Threads of a pool that stay awake for the whole of a forward pass.
///
/// A pass is some forty short steps with a barrier after each, too many to wake threads for. The first thread that
/// arrives leads: it runs the program. The others help with the parts of its steps, and spin in between. Nobody ever
/// waits for a helper that did not take a part, so a pool that is busy elsewhere costs time and nothing else.
final class InferenceTeam: @unchecked Sendable {
    let threads: Int
    private let pool: ThreadPool
    /// Arrivals, ticket, parts done, whether the program ended; a cache line apart.
    private let cells = UnsafeMutablePointer<Int64>.allocate(capacity: 32)
    private var arrivals: UnsafeMutablePointer<Int64> { cells }
    /// The step's number (from bit 40), how many parts it has (from bit 20), and the next part.
    private var ticket: UnsafeMutablePointer<Int64> { cells + 8 }
    private var done: UnsafeMutablePointer<Int64> { cells + 16 }
    private var ended: UnsafeMutablePointer<Int64> { cells + 24 }
    private var body: ((Int) -> Void)?
    private var isLed = false

    private static let mostParts = 1 << 19
    /// Pauses after which a waiting thread lets others run.
    private static let spins = 20_000

    init(pool: ThreadPool) {
        self.pool = pool
        threads = pool.threads
        cells.initialize(repeating: 0, count: 32)
    }

    deinit { cells.deallocate() }

    /// Runs `program`, in which ``run(_:_:)`` shares work out.
    func perform(_ program: () -> Void) {
        guard threads > 1 else { return program() }
        cflow_atomic_store(arrivals, 0)
        cflow_atomic_store(ended, 0)
        pool.run(threads) { _ in
            if cflow_atomic_add(arrivals, 1) == 0 {
                isLed = true
                program()
                isLed = false
                cflow_atomic_store(ended, 1)
            } else {
                help()
            }
        }
    }

    /// Runs `body(0)` … `body(parts − 1)`, each once, and returns when all are done.
    func run(_ parts: Int, _ body: (Int) -> Void) {
        guard isLed, parts > 1, parts < Self.mostParts else {
            var part = 0
            while part < parts {
                body(part)
                part += 1
            }
            return
        }
        withoutActuallyEscaping(body) { escaping in
            self.body = escaping
            cflow_atomic_store(done, 0)
            let step = (cflow_atomic_load(ticket) >> 40 + 1) & 0x3F_FFFF
            cflow_atomic_store(ticket, step << 40 | Int64(parts) << 20)
            while let part = take() { finish(escaping, part) }
            var spin = 0
            while cflow_atomic_load(done) != Int64(parts) { Self.pause(&spin) }
            self.body = nil
        }
    }

    private func help() {
        var spin = 0
        while cflow_atomic_load(ended) == 0 {
            if let part = take() {
                runPart(part)
                spin = 0
            } else {
                Self.pause(&spin)
            }
        }
    }

    /// A part that nobody took yet. The step it belongs to cannot end before it is done.
    private func take() -> Int? {
        while true {
            let seen = cflow_atomic_load(ticket)
            let part = seen & 0xF_FFFF
            guard part < (seen >> 20) & 0xF_FFFF else { return nil }
            if cflow_atomic_exchange_if(ticket, seen, seen + 1) { return Int(part) }
        }
    }

    /// Apart, so that the reference to the body is given up before the part counts as done.
    @inline(never)
    private func runPart(_ part: Int) {
        callBody(part)
        _ = cflow_atomic_add(done, 1)
    }

    @inline(never)
    private func callBody(_ part: Int) { body?(part) }

    @inline(__always)
    private func finish(_ body: (Int) -> Void, _ part: Int) {
        body(part)
        _ = cflow_atomic_add(done, 1)
    }

    private static func pause(_ spin: inout Int) {
        spin += 1
        if spin < spins { cflow_pause() } else { sched_yield() }
    }
}
