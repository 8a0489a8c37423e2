#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif

/// The `.txt` files below a directory as one corpus: `0x02 ‖ contents ‖ 0x03` for each, in the order of their relative paths.
///
/// Which files count stands in `Documentation/Protocol/Corpus.md`. The list of files, with size, inode and time of change, is
/// taken once, by ``init(path:)``. Every read opens the file it needs, compares it with that list and copies with `pread`
/// (through the system's page cache, so memory stays small and hot files cost no disk). A mapping would be shorter, but a file
/// that another program truncates under a mapping kills the process with SIGBUS, and nothing on disk may do that: here the same
/// accident is a ``CorpusError/changed(path:expected:actual:)``.
public struct DirectoryCorpus: Corpus {
    /// One file as it was when the corpus was opened.
    struct File: Sendable {
        /// Path relative to the directory, bytes as the system gives them, without a terminator.
        let path: [UInt8]
        let stamp: FileStamp
        /// Offset of the file's 0x02 in the corpus; its contents follow, then 0x03.
        let start: UInt64
        var end: UInt64 { start + stamp.size + 2 }
    }

    /// The directory, absolute, symbolic links resolved.
    private let root: [UInt8]
    private let files: [File]
    public let length: UInt64

    /// The files' paths relative to the directory, in corpus order.
    var relativePaths: [String] { files.map { String(decoding: $0.path, as: UTF8.self) } }

    /// Lists the directory and checks that every file can be opened. Contents are not read yet.
    ///
    /// - Parameter path: the directory; itself it may be a symbolic link.
    /// - Throws: ``CorpusError`` naming the file or folder that cannot be used.
    public init(path: String) throws(CorpusError) {
        let listing = try DirectoryListing(path: path)
        root = listing.root
        var files: [File] = []
        files.reserveCapacity(listing.paths.count)
        var offset: UInt64 = 0
        for path in listing.paths {
            let stamp = try OpenFile.withFile(root: listing.root, path: path) { file throws(CorpusError) in file.stamp }
            files.append(File(path: path, stamp: stamp, start: offset))
            let (end, overflow) = offset.addingReportingOverflow(stamp.size + 2)
            guard !overflow, end <= 1 << 62 else { throw .tooLong }
            offset = end
        }
        self.files = files
        length = offset
    }

    /// The path of the file, relative to the directory.
    public func place(of offset: UInt64) -> String {
        files.isEmpty ? "the corpus" : String(decoding: files[fileIndex(at: offset)].path, as: UTF8.self)
    }

    public func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(CorpusError) {
        try checkRange(offset: offset, count: target.count)
        var position = offset
        var filled = 0
        var index = fileIndex(at: offset)
        while filled < target.count {
            let file = files[index]
            filled += try read(file, from: position - file.start, into: target, at: filled)
            position = file.end
            index += 1
        }
    }

    /// Copies bytes of `0x02 ‖ contents ‖ 0x03` from `local` on, and returns how many.
    private func read(
        _ file: File, from local: UInt64, into target: UnsafeMutableRawBufferPointer, at filled: Int
    ) throws(CorpusError) -> Int {
        let count = Int(min(UInt64(target.count - filled), file.stamp.size + 2 - local))
        var local = local
        var cursor = filled
        let end = filled + count
        if local == 0 {
            target[cursor] = 0x02
            cursor += 1
            local = 1
        }
        let contents = Int(min(UInt64(end - cursor), file.stamp.size + 1 - local))
        if contents > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: target[cursor..<cursor + contents])
            let expected = file.stamp
            try OpenFile.withFile(root: root, path: file.path) { open throws(CorpusError) in
                guard open.stamp == expected else {
                    throw .changed(path: open.name, expected: "\(expected)", actual: "\(open.stamp)")
                }
                try open.read(at: local - 1, into: part)
            }
            cursor += contents
        }
        if cursor < end { target[cursor] = 0x03 }
        return count
    }

    /// The last file that starts at or before `offset`.
    private func fileIndex(at offset: UInt64) -> Int {
        var low = 0
        var high = files.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if files[middle].start <= offset { low = middle } else { high = middle }
        }
        return low
    }
}
