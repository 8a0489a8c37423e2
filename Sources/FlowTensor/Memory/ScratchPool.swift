internal import CFlowKernels

/// Working memory for tasks: each takes a buffer, uses it alone and gives it back. Buffers are kept, so that repeated work allocates nothing,
/// and go back to the thread that used them last, in whose cache they are.
public final class ScratchPool<Element: BitwiseCopyable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    private var free: [(buffer: AlignedBuffer<Element>, thread: UInt)] = []

    public init() { lock.initialize(to: 0) }

    deinit { lock.deallocate() }

    /// Runs `body` with room for `count` elements on a 64-byte boundary, contents undefined.
    public func withScratch<Result>(_ count: Int, _ body: (UnsafeMutablePointer<Element>) -> Result) -> Result {
        let thread = cflow_thread()
        let buffer = take(thread)
        defer { giveBack(buffer, thread) }
        return body(buffer.reserve(count))
    }

    private func take(_ thread: UInt) -> AlignedBuffer<Element> {
        enter()
        defer { leave() }
        var place = free.count
        while place > 0 {
            place -= 1
            if free[place].thread == thread { return free.remove(at: place).buffer }
        }
        return free.popLast()?.buffer ?? AlignedBuffer<Element>()
    }

    private func giveBack(_ buffer: AlignedBuffer<Element>, _ thread: UInt) {
        enter()
        free.append((buffer, thread))
        leave()
    }

    private func enter() {
        while !cflow_atomic_exchange_if(lock, 0, 1) { cflow_pause() }
    }

    private func leave() { cflow_atomic_store(lock, 0) }
}
