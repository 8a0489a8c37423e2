#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif

/// Which files below a directory belong to a corpus: regular files whose name ends in `.txt`, without symbolic links and
/// without names that begin with a dot, ordered bytewise by relative path.
struct DirectoryListing {
    /// The directory, absolute, symbolic links resolved, without a terminator.
    let root: [UInt8]
    /// Relative paths in corpus order.
    let paths: [[UInt8]]

    private static let suffix = Array(".txt".utf8)

    init(path: String) throws(CorpusError) {
        guard let resolved = realpath(path, nil) else {
            throw .notADirectory(path: path, reason: SystemReason.text(errno))
        }
        defer { free(resolved) }
        var root: [UInt8] = []
        var cursor = resolved
        while cursor.pointee != 0 {
            root.append(UInt8(bitPattern: cursor.pointee))
            cursor += 1
        }
        var found: [[UInt8]] = []
        var folders: [[UInt8]] = [[]]
        while let folder = folders.popLast() {
            for name in try Self.names(in: folder, root: root, given: path) where name.first != 0x2E {
                let relative = folder.isEmpty ? name : folder + [0x2F] + name
                switch try Self.kind(root: root, path: relative) {
                case .folder: folders.append(relative)
                case .file where name.count >= Self.suffix.count && name.suffix(Self.suffix.count).elementsEqual(Self.suffix):
                    found.append(relative)
                case .file, .other: break
                }
            }
        }
        found.sort { $0.lexicographicallyPrecedes($1) }
        self.root = root
        paths = found
    }

    private enum Kind { case file, folder, other }

    private static func kind(root: [UInt8], path: [UInt8]) throws(CorpusError) -> Kind {
        var status = stat()
        guard SystemPath.withCString(root, path, { lstat($0, &status) }) == 0 else {
            throw .unreadable(path: String(decoding: path, as: UTF8.self), reason: SystemReason.text(errno))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    private static func names(in folder: [UInt8], root: [UInt8], given: String) throws(CorpusError) -> [[UInt8]] {
        guard let directory = SystemPath.withCString(root, folder, { opendir($0) }) else {
            let reason = SystemReason.text(errno)
            if folder.isEmpty { throw .notADirectory(path: given, reason: reason) }
            throw .unreadable(path: String(decoding: folder, as: UTF8.self), reason: reason)
        }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else {
                    throw .unreadable(path: String(decoding: folder, as: UTF8.self), reason: SystemReason.text(errno))
                }
                return names
            }
            // Only d_reclen bytes of the entry exist; the name inside ends with a zero.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
            let raw = UnsafeRawPointer(entry) + offset
            let limit = Int(entry.pointee.d_reclen) - offset
            let name = UnsafeRawBufferPointer(start: raw, count: max(limit, 0)).prefix { $0 != 0 }
            names.append(Array(name))
        }
    }
}
