#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file's bytes: mapped into memory or copied. Never changes; freed with the last reference.
final class GGUFStorage: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    private let kind: Kind

    private enum Kind { case allocated, anonymous, mapped }

    /// A copy of `source`, aligned to 64 bytes.
    init(copying source: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.count, 1), alignment: 64)
        copy.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(rebasing: copy[..<source.count])
        kind = .allocated
    }

    /// Maps the regular file at `path`, read-only.
    init(mapping path: String) throws(GGUFError) {
        let (descriptor, length) = try Self.open(path)
        defer { close(descriptor) }
        kind = .mapped
        guard length > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw GGUFError.lastSystemError("map", path)
        }
        #if os(Linux) || os(Android)
            // Advice only: file systems with large folios then read and map 2 MiB at a time.
            _ = madvise(start, length, Int32(MADV_HUGEPAGE))
        #endif
        bytes = UnsafeRawBufferPointer(start: start, count: length)
    }

    /// Reads the regular file at `path` into memory that nobody else can change.
    ///
    /// The memory comes from the system directly, which refuses what it does not have; Swift's allocator would end the
    /// process.
    ///
    /// - Parameter progress: called with the bytes read so far and the file's length, after each piece.
    init(reading path: String, progress: (Int, Int) -> Void = { _, _ in }) throws(GGUFError) {
        let (descriptor, length) = try Self.open(path)
        defer { close(descriptor) }
        kind = .anonymous
        guard length > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | Self.anonymous, -1, 0), start != MAP_FAILED
        else { throw GGUFError.lastSystemError("read", path) }
        let target = UnsafeMutableRawBufferPointer(start: start, count: length)
        bytes = UnsafeRawBufferPointer(target)
        var filled = 0
        while filled < length {
            let count = read(descriptor, start + filled, min(length - filled, Self.pieceLength))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                // The last property is set, so the memory is given back by deinit.
                if count < 0 { throw GGUFError.lastSystemError("read", path) }
                throw GGUFError.system(
                    operation: "read", path: path, code: EIO,
                    message: "it became shorter while it was read, \(filled) bytes instead of \(length); try again")
            }
            filled += count
            progress(filled, length)
        }
        _ = mprotect(start, length, PROT_READ)
    }

    deinit {
        guard let start = bytes.baseAddress else { return }
        switch kind {
        case .allocated: bytes.deallocate()
        case .anonymous, .mapped: munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }

    private static let pieceLength = 1 << 26

    #if canImport(Darwin)
    private static var anonymous: Int32 { MAP_ANON }
    #else
    private static var anonymous: Int32 { MAP_ANONYMOUS }
    #endif

    private static func open(_ path: String) throws(GGUFError) -> (descriptor: Int32, length: Int) {
        #if canImport(Darwin)
        let descriptor = Darwin.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        #elseif canImport(Musl)
        let descriptor = Musl.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        #else
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        #endif
        guard descriptor >= 0 else { throw GGUFError.lastSystemError("open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = GGUFError.lastSystemError("read", path)
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw GGUFError.system(operation: "read", path: path, code: EINVAL, message: "it is not a regular file")
        }
        return (descriptor, Int(status.st_size))
    }

    /// Tells the system that all of the bytes will be needed soon.
    func prefetch() {
        guard kind == .mapped, let start = bytes.baseAddress else { return }
        _ = madvise(UnsafeMutableRawPointer(mutating: start), bytes.count, MADV_WILLNEED)
    }
}

extension GGUFError {
    /// The error for a call that just failed and set `errno`.
    static func lastSystemError(_ operation: String, _ path: String) -> GGUFError {
        let code = errno
        var message = String(cString: strerror(code))
        switch code {
        case ENOSPC: message += "; free some space or choose another place"
        case ENOENT: message += "; check the path"
        case ENOMEM: message += "; free some memory or choose a smaller file"
        case EACCES, EPERM: message += "; check the permissions"
        default: break
        }
        return .system(operation: operation, path: path, code: code, message: message)
    }
}
