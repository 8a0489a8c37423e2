import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Holds a folder for one user at a time, across processes and within one.
///
/// The lock is `flock(2)` on a file in the folder, so the operating system lets go of it when the process ends, however
/// it ends; the file itself stays and means nothing. It holds the process number of the last holder, for messages.
public final class DirectoryLock: Sendable {
    /// The locked folder.
    public let path: String
    private let descriptor: Mutex<Int32>

    /// Takes the lock, without waiting.
    /// - Throws: `locked` where another has it, `missing` where the folder does not exist, `denied` or `failed`.
    public init(directory path: String, fileName: String = ".lock") throws(StoreError) {
        self.path = path
        let file = path + "/" + fileName
        let opened = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw FileSystem.systemError(file, errno) }
        while flock(opened, LOCK_EX | LOCK_NB) != 0 {
            let number = errno
            if number == EINTR { continue }
            let holder = Self.holder(of: opened)
            _ = closeDescriptor(opened)
            if number == EWOULDBLOCK { throw .locked(path, holder: holder) }
            throw FileSystem.systemError(file, number)
        }
        descriptor = Mutex(opened)
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(opened, 0)
        _ = text.withUnsafeBytes { pwrite(opened, $0.baseAddress, $0.count, 0) }
    }

    deinit { release() }

    /// Lets go of the folder; also done when the object goes.
    public func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = closeDescriptor(descriptor) }
            descriptor = -1
        }
    }

    private static func holder(of descriptor: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 20)
        let got = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard got > 0 else { return nil }
        let digits = buffer.prefix(got).prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }
}
