#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif

/// What identifies a file's contents without reading them.
struct FileStamp: Equatable, Sendable, CustomStringConvertible {
    let size: UInt64
    let device: UInt64
    let inode: UInt64
    let seconds: Int64
    let nanoseconds: Int64

    init(_ status: stat) {
        size = UInt64(max(status.st_size, 0))
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        #if canImport(Darwin)
            seconds = Int64(status.st_mtimespec.tv_sec)
            nanoseconds = Int64(status.st_mtimespec.tv_nsec)
        #else
            seconds = Int64(status.st_mtim.tv_sec)
            nanoseconds = Int64(status.st_mtim.tv_nsec)
        #endif
    }

    var description: String {
        let digits = String(nanoseconds)
        let padding = String(repeating: "0", count: max(0, 9 - digits.count))
        return "\(size) bytes, inode \(inode), modified at \(seconds).\(padding)\(digits)"
    }
}

/// A regular file held open for one read.
struct OpenFile {
    let descriptor: Int32
    let name: String
    let stamp: FileStamp

    /// Opens `root/path` for the duration of `body`.
    static func withFile<Result>(
        root: [UInt8], path: [UInt8], _ body: (OpenFile) throws(CorpusError) -> Result
    ) throws(CorpusError) -> Result {
        let name = String(decoding: path, as: UTF8.self)
        // O_NONBLOCK: a pipe that took the file's place must not make the reader wait.
        let descriptor = SystemPath.withCString(root, path) { open($0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .unreadable(path: name, reason: SystemReason.text(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: name, reason: SystemReason.text(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .changed(path: name, expected: "a regular file", actual: "something else")
        }
        return try body(OpenFile(descriptor: descriptor, name: name, stamp: FileStamp(status)))
    }

    /// Fills `target` from byte `offset` of the file.
    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(CorpusError) {
        var filled = 0
        while filled < target.count {
            let count = pread(
                descriptor, target.baseAddress.map { $0 + filled }, target.count - filled,
                off_t(clamping: offset + UInt64(filled)))
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(path: name, reason: SystemReason.text(errno))
            }
            guard count > 0 else {
                throw .changed(
                    path: name, expected: "\(stamp.size) bytes", actual: "an end after \(offset + UInt64(filled)) bytes")
            }
            filled += count
        }
    }
}

enum SystemPath {
    /// Calls `body` with `root/path` (or `root` for an empty path) as a C string.
    static func withCString<Result>(_ root: [UInt8], _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        var bytes = root.map { CChar(bitPattern: $0) }
        if !path.isEmpty {
            bytes.append(0x2F)
            bytes.append(contentsOf: path.map { CChar(bitPattern: $0) })
        }
        bytes.append(0)
        return bytes.withUnsafeBufferPointer { buffer in
            // A zero-terminated buffer is never empty; the empty literal stands for the impossible case.
            guard let base = buffer.baseAddress else { return "".withCString(body) }
            return body(base)
        }
    }
}

enum SystemReason {
    /// The system's words for an error number.
    static func text(_ code: Int32) -> String {
        guard let words = strerror(code) else { return "error \(code)" }
        return String(cString: words)
    }
}
