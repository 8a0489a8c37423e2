import Synchronization

/// Large values, such as the state of a model, kept in chunks of 64 KiB inside a key-value store.
///
/// A blob is replaced as a whole: its chunks are written under a new generation number, and one record under its name,
/// which goes into the caller's batch, makes them the blob. So the switch happens together with whatever else is in that
/// batch, and a blob much larger than memory allows for one batch can be written piece by piece beforehand (`stage`).
///
/// Keys: `prefix ‖ "b" ‖ name` holds generation (u64), length in bytes (u64); `prefix ‖ "c" ‖ generation u64 big-endian ‖
/// index u32 big-endian` holds one chunk.
public final class ChunkStore: Sendable {
    /// Bytes a chunk; the last one of a blob may be shorter.
    public static let chunkLength = 65_536

    /// Chunks that are stored but do not yet make up a blob.
    public struct StagedBlob: Sendable, Equatable {
        /// Length of the blob in bytes.
        public let length: Int
        let generation: UInt64
    }

    private struct Record {
        let generation: UInt64
        let length: Int
        var chunkCount: Int { (length + ChunkStore.chunkLength - 1) / ChunkStore.chunkLength }
    }

    private let store: any KeyValueStoring
    private let prefix: [UInt8]
    private let nextGeneration: Mutex<UInt64>

    /// - Parameter prefix: start of all keys used; no other key of the store may start with it, and one `ChunkStore` a
    ///   prefix may write at a time.
    public init(_ store: any KeyValueStoring, prefix: [UInt8]) throws(StoreError) {
        self.store = store
        self.prefix = prefix
        var highest: UInt64 = 0
        for entry in try store.entries(prefix: prefix + [0x63], reverse: true, limit: 1) {
            highest = Self.bigEndian(entry.key.dropFirst(prefix.count + 1).prefix(8))
        }
        // A blob of no bytes has no chunk, only a record.
        for entry in try store.entries(prefix: prefix + [0x62]) {
            highest = max(highest, try Self.record(entry.value, key: entry.key).generation)
        }
        nextGeneration = Mutex(highest &+ 1)
    }

    /// Stores `bytes` as chunks now, in batches of about 4 MiB, without making them a blob yet.
    ///
    /// Until `put(_:as:into:)` is written, nothing refers to them; `collectGarbage` removes what a crash left.
    public func stage(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> StagedBlob {
        let staged = newBlob(length: bytes.count)
        var batch = WriteBatch()
        for index in 0..<Self.chunkCount(bytes.count) {
            batch.put(chunkKey(staged.generation, index), Self.chunk(bytes, index))
            if batch.byteCount >= 4 << 20 {
                try store.write(batch, sync: false)
                batch.removeAll()
            }
        }
        if !batch.isEmpty { try store.write(batch, sync: false) }
        return staged
    }

    /// Adds to `batch` what makes the staged chunks the blob `name`, and what removes the blob that had this name.
    ///
    /// Write the batch with `sync`: it then makes the staged chunks before it durable too.
    public func put(_ staged: StagedBlob, as name: [UInt8], into batch: inout WriteBatch) throws(StoreError) {
        try delete(name, into: &batch)
        batch.put(nameKey(name), Self.littleEndian(staged.generation) + Self.littleEndian(UInt64(staged.length)))
    }

    /// Adds to `batch` the blob `name` with all its chunks: for blobs that fit into memory several times.
    public func put(_ bytes: [UInt8], as name: [UInt8], into batch: inout WriteBatch) throws(StoreError) {
        let staged = newBlob(length: bytes.count)
        try put(staged, as: name, into: &batch)
        bytes.withUnsafeBytes { raw in
            for index in 0..<Self.chunkCount(raw.count) {
                batch.put(chunkKey(staged.generation, index), Self.chunk(raw, index))
            }
        }
    }

    /// Adds to `batch` the removal of the blob `name`; nothing where there is none.
    public func delete(_ name: [UInt8], into batch: inout WriteBatch) throws(StoreError) {
        guard let old = try record(of: name) else { return }
        for index in 0..<old.chunkCount { batch.delete(chunkKey(old.generation, index)) }
        batch.delete(nameKey(name))
    }

    /// Length of the blob in bytes; nil where there is none.
    public func length(of name: [UInt8]) throws(StoreError) -> Int? { try record(of: name)?.length }

    /// The names of all blobs, in order.
    public func names() throws(StoreError) -> [[UInt8]] {
        try store.entries(prefix: prefix + [0x62]).map { Array($0.key.dropFirst(prefix.count + 1)) }
    }

    /// One chunk; nil where there is no such blob, or the index is past its end.
    public func chunk(_ index: Int, of name: [UInt8]) throws(StoreError) -> [UInt8]? {
        guard let record = try record(of: name), (0..<record.chunkCount).contains(index) else { return nil }
        return try chunk(index, of: record, name: name)
    }

    /// The whole blob; nil where there is none.
    public func read(_ name: [UInt8]) throws(StoreError) -> [UInt8]? {
        guard let record = try record(of: name) else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<record.chunkCount { bytes += try chunk(index, of: record, name: name) }
        return bytes
    }

    /// Copies the blob into memory of the caller's, which must have exactly its length.
    /// - Returns: false where there is no such blob.
    /// - Throws: `corrupted` where the length differs or a chunk is gone.
    public func read(_ name: [UInt8], into target: UnsafeMutableRawBufferPointer) throws(StoreError) -> Bool {
        guard let record = try record(of: name) else { return false }
        guard record.length == target.count else {
            throw damage(name, "expected \(target.count) bytes, found \(record.length)")
        }
        for index in 0..<record.chunkCount {
            let bytes = try chunk(index, of: record, name: name)
            bytes.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(rebasing: target[(index * Self.chunkLength)...]).copyMemory(from: source)
            }
        }
        return true
    }

    /// Removes chunks that belong to no blob: what was staged before a crash. Call it when nothing is staged.
    /// - Returns: how many chunks were removed.
    @discardableResult
    public func collectGarbage() throws(StoreError) -> Int {
        var live: Set<UInt64> = []
        for entry in try store.entries(prefix: prefix + [0x62]) {
            live.insert(try Self.record(entry.value, key: entry.key).generation)
        }
        var dead: [[UInt8]] = []
        do {
            try store.scan(prefix: prefix + [0x63]) { key, _ in
                if !live.contains(Self.bigEndian(key.dropFirst(prefix.count + 1).prefix(8))) { dead.append(key) }
                return true
            }
        } catch let error as StoreError { throw error } catch {}
        var batch = WriteBatch()
        for key in dead { batch.delete(key) }
        if !batch.isEmpty { try store.write(batch, sync: true) }
        return dead.count
    }

    // MARK: Keys and records

    private static func chunkCount(_ length: Int) -> Int { (length + chunkLength - 1) / chunkLength }

    private static func chunk(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> [UInt8] {
        let start = index * chunkLength
        return Array(bytes[start..<min(start + chunkLength, bytes.count)])
    }

    private func newBlob(length: Int) -> StagedBlob {
        let generation = nextGeneration.withLock { next in
            defer { next &+= 1 }
            return next
        }
        return StagedBlob(length: length, generation: generation)
    }

    private func nameKey(_ name: [UInt8]) -> [UInt8] { prefix + [0x62] + name }

    private func chunkKey(_ generation: UInt64, _ index: Int) -> [UInt8] {
        prefix + [0x63] + Self.littleEndian(generation).reversed()
            + Self.littleEndian(UInt64(index)).prefix(4).reversed()
    }

    private func record(of name: [UInt8]) throws(StoreError) -> Record? {
        guard let bytes = try store.get(nameKey(name)) else { return nil }
        return try Self.record(bytes, key: nameKey(name))
    }

    private static func record(_ bytes: [UInt8], key: [UInt8]) throws(StoreError) -> Record {
        let length = bigEndian(bytes.suffix(8).reversed()[...])
        guard bytes.count == 16, length <= UInt64(chunkLength) << 32 else {
            throw .corrupted("chunk store", detail: "the record of blob \(key) makes no sense")
        }
        return Record(generation: bigEndian(bytes.prefix(8).reversed()[...]), length: Int(length))
    }

    private func chunk(_ index: Int, of record: Record, name: [UInt8]) throws(StoreError) -> [UInt8] {
        let expected = min(Self.chunkLength, record.length - index * Self.chunkLength)
        guard let bytes = try store.get(chunkKey(record.generation, index)) else {
            throw damage(name, "chunk \(index) is gone")
        }
        guard bytes.count == expected else {
            throw damage(name, "chunk \(index) has \(bytes.count) bytes, expected \(expected)")
        }
        return bytes
    }

    private func damage(_ name: [UInt8], _ detail: String) -> StoreError {
        .corrupted("chunk store", detail: "blob \(String(decoding: name, as: UTF8.self)): \(detail)")
    }

    private static func littleEndian(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
