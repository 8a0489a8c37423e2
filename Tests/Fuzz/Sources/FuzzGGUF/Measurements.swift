#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How many inputs there were, the slowest, and the largest allocation. libFuzzer calls on one thread.
enum Measurements {
    enum Kind: Int { case corpus, structureAware, coverageGuided }

    /// Inputs below half of this may make allocations of this many bytes: decoders work in pieces of 4,096 elements.
    static let floor = 32 << 10

    /// Longest time for one input, in nanoseconds of this process: what others do on the machine does not count.
    static let timeLimit: UInt64 = 1_000_000_000

    /// Where the next input comes from.
    nonisolated(unsafe) static var next = Kind.corpus
    nonisolated(unsafe) static var runs = 0
    private nonisolated(unsafe) static var counts = [0, 0, 0]
    private nonisolated(unsafe) static var slowest = (nanoseconds: UInt64(0), byteCount: 0)
    private nonisolated(unsafe) static var worst = (allocation: 0, byteCount: 1)
    private nonisolated(unsafe) static var largestOfSmall = 0
    fileprivate nonisolated(unsafe) static var isWatching = false
    fileprivate nonisolated(unsafe) static var largest = 0

    static func begin() {
        let number = installHooks({ _, size in noteAllocation(size) }, { _ in })
        precondition(number > 0, "the hook for allocations cannot be installed")
        atexit { Measurements.report() }
    }

    static func measure(byteCount: Int, _ body: () -> Void) {
        largest = 0
        let start = now()
        body()
        let time = now() - start
        runs += 1
        counts[next.rawValue] += 1
        next = .corpus
        if time > slowest.nanoseconds { slowest = (time, byteCount) }
        if byteCount >= floor / 2 {
            if largest * worst.byteCount > worst.allocation * byteCount { worst = (largest, byteCount) }
        } else {
            largestOfSmall = max(largestOfSmall, largest)
        }
        precondition(time <= timeLimit, "\(time / 1_000_000) milliseconds for a file of \(byteCount) bytes")
        precondition(
            largest <= max(2 * byteCount, floor), "an allocation of \(largest) bytes for a file of \(byteCount)")
    }

    /// Notes the allocations of `body`.
    static func watchingAllocations<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        isWatching = true
        defer { isWatching = false }
        return try body()
    }

    private static func report() {
        let ratio = (100 * worst.allocation / worst.byteCount)
        let text = """
            inputs: \(runs) (\(counts[1]) structure-aware, \(counts[2]) by libFuzzer, \(counts[0]) from the corpus)
            slowest: \(slowest.nanoseconds / 1_000) microseconds for \(slowest.byteCount) bytes
            largest allocation: \(ratio) % of the file (\(worst.allocation) bytes for \(worst.byteCount)); \
            \(largestOfSmall) bytes for files below \(floor / 2)

            """
        _ = Array(text.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

private func noteAllocation(_ size: Int) {
    if Measurements.isWatching, size > Measurements.largest { Measurements.largest = size }
}

@_silgen_name("__sanitizer_install_malloc_and_free_hooks")
private func installHooks(
    _ allocated: @convention(c) (UnsafeRawPointer?, Int) -> Void, _ freed: @convention(c) (UnsafeRawPointer?) -> Void
) -> CInt
