#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Android)
    internal import Android
#endif

/// Asks the system to back large buffers with large pages: a step walks through all weights and momenta, and with pages of 4 KiB a good part of
/// its time goes into page faults and address translation. Where the system has none, nothing changes.
enum LargePages {
    private static let length = 2 << 20

    static func alignment(for byteCount: Int) -> Int { byteCount >= length ? length : 1 }

    /// For memory that is aligned as `alignment(for:)` says and was not touched yet.
    static func advise(_ memory: UnsafeMutableRawPointer, byteCount: Int) {
        #if os(Linux) || os(Android)
            let whole = byteCount / length * length
            if whole > 0 { _ = madvise(memory, whole, MADV_HUGEPAGE) }
        #endif
    }
}
