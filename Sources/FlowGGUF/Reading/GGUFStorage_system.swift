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
    private let isMapped: Bool

    /// A copy of `source`, aligned to 64 bytes.
    init(copying source: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.count, 1), alignment: 64)
        copy.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(rebasing: copy[..<source.count])
        isMapped = false
    }

    /// Maps the regular file at `path`, read-only.
    init(mapping path: String) throws(GGUFError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw GGUFError.lastSystemError("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw GGUFError.lastSystemError("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw GGUFError.system(operation: "read", path: path, code: EINVAL, message: "it is not a regular file")
        }
        let length = Int(status.st_size)
        guard length > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            isMapped = true
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
        isMapped = true
    }

    deinit {
        if !isMapped {
            bytes.deallocate()
        } else if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }

    /// Tells the system that all of the bytes will be needed soon.
    func prefetch() {
        guard isMapped, let start = bytes.baseAddress else { return }
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
        case EACCES, EPERM: message += "; check the permissions"
        default: break
        }
        return .system(operation: operation, path: path, code: code, message: message)
    }
}
