/// A small file that is there whole or not at all: each write makes a new one beside it, waits for the disk, and takes its place.
public struct DurableFile: Sendable {
    public let path: String
    /// Bytes that are read at most; a longer file is none of ours.
    private static let limit = 1 << 20

    public init(path: String) { self.path = path }

    /// - Returns: nil where there is no file
    /// - Throws: `denied`, `foreign` or `failed`
    public func read() throws(StoreError) -> [UInt8]? {
        switch FileSystem.kind(path) {
        case .absent: return nil
        case .directory: throw .foreign(path, detail: "expected a file, found a folder")
        case .file: return try FileSystem.read(path, count: Self.limit)
        }
    }

    /// Returns when the bytes survive a power cut.
    /// - Throws: `diskFull`, `denied`, `missing` or `failed`; the file is then as it was
    public func write(_ bytes: [UInt8]) throws(StoreError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try FileSystem.writeDurably(bytes, to: path, in: folder.isEmpty ? "/" : folder)
    }
}
