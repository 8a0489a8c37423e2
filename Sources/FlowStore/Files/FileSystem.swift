#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The few calls to the operating system that the store makes itself.
enum FileSystem {
    enum Kind { case absent, directory, file }

    static func kind(_ path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .absent }
        return (status.st_mode & S_IFMT) == S_IFDIR ? .directory : .file
    }

    static func size(_ path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size >= 0 else { return nil }
        return UInt64(status.st_size)
    }

    /// The names in a folder, sorted, without `.` and `..`.
    static func names(in directory: String) throws(StoreError) -> [String] {
        guard let stream = opendir(directory) else { throw systemError(directory, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes the folder and those above it that are absent.
    static func makeDirectories(_ path: String) throws(StoreError) {
        if kind(path) == .directory { return }
        if let slash = path.dropLast().lastIndex(of: "/"), slash > path.startIndex {
            try makeDirectories(String(path[path.startIndex..<slash]))
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw systemError(path, errno) }
    }

    /// `count` bytes at `offset`; fewer at the end of the file.
    static func read(_ path: String, offset: UInt64 = 0, count: Int? = nil) throws(StoreError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(path, errno) }
        defer { _ = closeDescriptor(descriptor) }
        let fileSize = size(path) ?? 0
        guard offset <= fileSize else { return [] }
        let wanted = min(UInt64(count ?? Int.max), fileSize - offset)
        guard wanted <= UInt64(1 << 31), let start = off_t(exactly: offset) else {
            throw StoreError(
                code: .failed, path: path, detail: "expected at most 2 GiB to read at once, found \(wanted) bytes",
                wayOut: "The file is no file of this store.")
        }
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(wanted)) { buffer, filled in
            while filled < Int(wanted), let base = buffer.baseAddress {
                let got = pread(descriptor, base + filled, Int(wanted) - filled, start + off_t(filled))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        if failure != 0 { throw systemError(path, failure) }
        return bytes
    }

    /// Writes a small file so that it is there whole or not at all, and stays.
    static func writeDurably(_ bytes: [UInt8], to path: String, in directory: String) throws(StoreError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw systemError(temporary, errno) }
        var failure: Int32 = 0
        var written = 0
        bytes.withUnsafeBytes { raw in
            while written < raw.count, let base = raw.baseAddress {
                let put = write(descriptor, base + written, raw.count - written)
                if put < 0 && errno == EINTR { continue }
                if put <= 0 {
                    failure = errno
                    break
                }
                written += put
            }
        }
        if failure == 0 && fsync(descriptor) != 0 { failure = errno }
        if closeDescriptor(descriptor) != 0 && failure == 0 { failure = errno }
        if failure == 0 && rename(temporary, path) != 0 { failure = errno }
        if failure != 0 {
            unlink(temporary)
            throw systemError(path, failure)
        }
        let folder = open(directory, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            _ = closeDescriptor(folder)
        }
    }

    /// The error of a failed call, from its `errno`.
    static func systemError(_ path: String, _ number: Int32) -> StoreError {
        let text = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        return StoreError.fromSystem(path: path, number: number, text: text)
    }
}

/// `close` of the C library, which methods named close would hide.
func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

extension StoreError {
    static func fromSystem(path: String, number: Int32, text: String) -> StoreError {
        switch number {
        case ENOSPC, EDQUOT, EFBIG: return .diskFull(path, text: text)
        case EACCES, EPERM, EROFS: return .denied(path, text: text)
        case ENOENT: return .missing(path)
        case EMFILE, ENFILE:
            return StoreError(
                code: .failed, path: path, detail: text,
                wayOut: "Raise the limit of open files (ulimit -n), or lower maximumOpenFiles.")
        default:
            return StoreError(
                code: .failed, path: path, detail: text, wayOut: "Check the disk and the folder, then try again.")
        }
    }

    static func diskFull(_ path: String, text: String) -> StoreError {
        StoreError(
            code: .diskFull, path: path, detail: "the disk is full (\(text)); nothing of this batch was stored",
            wayOut: "Free some space, then open the store again: it holds everything written before.")
    }

    static func denied(_ path: String, text: String) -> StoreError {
        StoreError(
            code: .denied, path: path, detail: "the operating system refuses access (\(text))",
            wayOut: "Check the owner and the rights of the folder, and that it is not on a read-only disk.")
    }
}
