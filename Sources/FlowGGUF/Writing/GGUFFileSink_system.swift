#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes a file that appears under its name only when it is complete.
///
/// The bytes go to a temporary file in the same directory, which is synchronised and then renamed over the target.
/// When anything fails, or the sink is dropped before ``finish()``, the temporary file is removed and what stood under
/// the name before stays. A process that is killed leaves the temporary file; its name begins with ``temporaryPrefix(of:)``.
public final class GGUFFileSink: GGUFSink {
    /// The file's final path.
    public let path: String
    private let temporaryPath: String
    private var descriptor: Int32
    private var isFinished = false

    /// How the names of temporary files for `path` begin; six characters follow.
    public static func temporaryPrefix(of path: String) -> String { "\(path).tmp-" }

    /// Creates the temporary file.
    public init(path: String) throws(GGUFError) {
        self.path = path
        var template = Array("\(Self.temporaryPrefix(of: path))XXXXXX".utf8CString)
        descriptor = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { mkstemp($0) } ?? -1
        }
        temporaryPath = template.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
        guard descriptor >= 0 else { throw GGUFError.lastSystemError("create", path) }
        // mkstemp gives 0600; a model file is as readable as any other new file.
        _ = fchmod(descriptor, 0o644)
    }

    /// Takes over a file that is open already.
    init(path: String, temporaryPath: String, descriptor: Int32) {
        self.path = path
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit { if !isFinished { discard() } }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(GGUFError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Darwin)
            let written = Darwin.write(descriptor, chunk.baseAddress, min(chunk.count, 1 << 30))
            #elseif canImport(Musl)
            let written = Musl.write(descriptor, chunk.baseAddress, min(chunk.count, 1 << 30))
            #else
            let written = Glibc.write(descriptor, chunk.baseAddress, min(chunk.count, 1 << 30))
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw fail("write")
            }
            rest = rest.dropFirst(written)
        }
    }

    public func finish() throws(GGUFError) {
        try complete()
        try publish()
    }

    /// Puts what was written on disk, still under the temporary name.
    func complete() throws(GGUFError) {
        guard !isFinished, descriptor >= 0 else { return }
        guard fsync(descriptor) == 0 else { throw fail("synchronise") }
        let closing = descriptor
        descriptor = -1
        guard close(closing) == 0 else { throw fail("close") }
    }

    /// Gives a complete file its name.
    func publish() throws(GGUFError) {
        guard !isFinished else { return }
        guard rename(temporaryPath, path) == 0 else { throw fail("replace") }
        isFinished = true
        // The rename itself is durable once the directory is.
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let folder = open(directory, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            _ = fsync(folder)
            close(folder)
        }
    }

    private func fail(_ operation: String) -> GGUFError {
        let error = GGUFError.lastSystemError(operation, path)
        discard()
        return error
    }

    private func discard() {
        isFinished = true
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        unlink(temporaryPath)
    }
}
