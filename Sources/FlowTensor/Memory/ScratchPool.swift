internal import CFlowKernels

/// Working memory for tasks: each takes a buffer, uses it alone and gives it back. Buffers are kept, so that repeated work allocates nothing.
public final class ScratchPool<Element: BitwiseCopyable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    private var free: [AlignedBuffer<Element>] = []

    public init() { lock.initialize(to: 0) }

    deinit { lock.deallocate() }

    /// Runs `body` with room for `count` elements on a 64-byte boundary, contents undefined.
    public func withScratch<Result>(_ count: Int, _ body: (UnsafeMutablePointer<Element>) -> Result) -> Result {
        let buffer = take()
        defer { giveBack(buffer) }
        return body(buffer.reserve(count))
    }

    private func take() -> AlignedBuffer<Element> {
        enter()
        let buffer = free.popLast()
        leave()
        return buffer ?? AlignedBuffer<Element>()
    }

    private func giveBack(_ buffer: AlignedBuffer<Element>) {
        enter()
        free.append(buffer)
        leave()
    }

    private func enter() {
        while !cflow_atomic_exchange_if(lock, 0, 1) { cflow_pause() }
    }

    private func leave() { cflow_atomic_store(lock, 0) }
}
