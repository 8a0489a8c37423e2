import Synchronization

/// An ordered key-value store in a folder, kept by LevelDB.
///
/// Every read verifies its checksum, opening checks the files against each other (`DirectoryInspection`), and every
/// failure is a `StoreError` that names the file and the way out. All methods may be called from any thread and block;
/// call them from a thread that may wait, not from Swift's cooperative pool.
public final class KeyValueStore: KeyValueStoring {
    /// The store's folder.
    public let path: String

    private struct State {
        var database: LevelDBDatabase?
        var writeFailure: StoreError?
    }

    private let state: Mutex<State>

    /// Opens the store at `path`.
    /// - Parameter createIfMissing: make the folder and an empty store where nothing is.
    /// - Throws: `missing`, `foreign`, `locked`, `corrupted`, `diskFull`, `denied`, `invalidPath` or `failed`.
    public init(path: String, createIfMissing: Bool, options: StoreOptions = StoreOptions()) throws(StoreError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw StoreError(
                code: .invalidPath, path: path, detail: "expected the path of a folder",
                wayOut: "Give a path that is not empty and has no zero byte.")
        }
        self.path = path
        let inspection = DirectoryInspection(path: path, identity: options.identity)
        let found = try inspection.classify()
        if found == .nothing {
            guard createIfMissing else { throw .missing(path) }
            try FileSystem.makeDirectories(path)
        }
        let lock = try DirectoryLock(directory: path, fileName: DirectoryInspection.lockName)
        // Again, now that no other process of ours changes it.
        switch try inspection.classify() {
        case .nothing:
            guard createIfMissing else { throw .missing(path) }
            if let identity = options.identity { try inspection.writeIdentity(identity) }
        case .store:
            try inspection.checkFiles()
        }
        do {
            let database = try LevelDBDatabase(path: path, create: createIfMissing, options: options, lock: lock)
            state = Mutex(State(database: database, writeFailure: nil))
        } catch {
            throw inspection.error(from: error)
        }
    }

    public func get(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        let database = try openDatabase()
        do { return try database.get(key) } catch { throw translate(error) }
    }

    public func write(_ batch: WriteBatch, sync: Bool) throws(StoreError) {
        let database = try openDatabase()
        if let failure = state.withLock({ $0.writeFailure }) { throw .stopped(path, after: failure) }
        if batch.isEmpty && !sync { return }
        do {
            try database.write(batch, sync: sync)
        } catch {
            let failure = translate(error)
            // A torn record may now end the log; anything after it would make the log unreadable.
            state.withLock { if $0.writeFailure == nil { $0.writeFailure = failure } }
            throw failure
        }
    }

    public func scan(
        prefix: [UInt8], from: [UInt8]?, reverse: Bool, limit: Int?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        let database = try openDatabase()
        try scan(database, nil, ScanBounds(prefix: prefix, from: from, reverse: reverse), limit: limit) {
            try body($0, [UInt8]($1))
        }
    }

    public func scanBytes(
        prefix: [UInt8], from: [UInt8]?, limit: Int?,
        _ body: (_ key: [UInt8], _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let database = try openDatabase()
        try scan(database, nil, ScanBounds(prefix: prefix, from: from, reverse: false), limit: limit, body)
    }

    public func snapshot() throws(StoreError) -> any KeyValueReading {
        let database = try openDatabase()
        do {
            return StoreSnapshot(store: self, snapshot: try LevelDBSnapshot(of: database))
        } catch {
            throw translate(error)
        }
    }

    /// Rewrites the tables without the overwritten and deleted entries, which frees their space. Takes long.
    func compact() throws(StoreError) { try openDatabase().compact() }

    /// Reads every record of every file and compares its checksum. Takes as long as reading the whole folder.
    /// - Throws: `corrupted`, naming the first damaged file.
    public func verify() throws(StoreError) {
        _ = try openDatabase()
        // A table that a compaction removes under our eyes looks lost; real damage is still there on a second look.
        let inspection = DirectoryInspection(path: path, identity: nil)
        var earlier: StoreError?
        for _ in 0..<8 {
            guard let fault = inspection.firstDamage() else { break }
            if fault == earlier { throw fault }
            earlier = fault
        }
        do { try scan { _, _ in true } } catch let error as StoreError { throw error } catch {}
    }

    /// Ends the use of the store. Its folder is free again when running calls have ended and all snapshots are gone.
    public func close() {
        // The objects go outside of the mutex: closing waits for LevelDB's background work.
        let old = state.withLock { state in
            defer { state = State(writeFailure: state.writeFailure) }
            return state
        }
        withExtendedLifetime(old) {}
    }

    func read(_ key: [UInt8], at snapshot: LevelDBSnapshot) throws(StoreError) -> [UInt8]? {
        do { return try snapshot.database.get(key, at: snapshot) } catch { throw translate(error) }
    }

    func scan(
        _ database: LevelDBDatabase, _ snapshot: LevelDBSnapshot?, _ bounds: ScanBounds, limit: Int?,
        _ body: (_ key: [UInt8], _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        var remaining = limit ?? Int.max
        guard remaining > 0 else { return }
        do {
            let cursor = try database.cursor(at: snapshot)
            if bounds.reverse { seekReverse(cursor, bounds) } else { cursor.seek(bounds.lowerStart) }
            while cursor.isValid {
                let key = cursor.key
                guard key.starts(with: bounds.prefix), try cursor.withValue({ try body(key, $0) }) else { break }
                remaining -= 1
                if remaining == 0 { break }
                if bounds.reverse { cursor.previous() } else { cursor.next() }
            }
            try cursor.check()
        } catch let failure as LevelDBFailure {
            throw translate(failure)
        }
    }

    private func seekReverse(_ cursor: LevelDBCursor, _ bounds: ScanBounds) {
        let after = bounds.afterPrefix
        if let from = bounds.from, after.map({ from.lexicographicallyPrecedes($0) }) ?? true {
            cursor.seek(from)
            if cursor.isValid { if cursor.key != from { cursor.previous() } } else { cursor.seekToLast() }
        } else if let after {
            cursor.seek(after)
            if cursor.isValid { cursor.previous() } else { cursor.seekToLast() }
        } else {
            cursor.seekToLast()
        }
    }

    private func openDatabase() throws(StoreError) -> LevelDBDatabase {
        guard let database = state.withLock({ $0.database }) else { throw .closed(path) }
        return database
    }

    private func translate(_ failure: LevelDBFailure) -> StoreError {
        DirectoryInspection(path: path, identity: nil).error(from: failure)
    }
}
