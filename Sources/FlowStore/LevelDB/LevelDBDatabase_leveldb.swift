import CLevelDB

/// A failure as LevelDB words it; `KeyValueStore` turns it into a `StoreError`.
struct LevelDBFailure: Error {
    let message: String

    /// Takes over and frees an error string of LevelDB.
    init(taking text: UnsafeMutablePointer<CChar>) {
        message = String(cString: text)
        leveldb_free(text)
    }

    init(message: String) { self.message = message }
}

/// An open LevelDB database: the owner of all its C objects.
///
/// Cursors and snapshots hold a reference to it, so it is closed only after the last of them is gone.
final class LevelDBDatabase: @unchecked Sendable {  // LevelDB's handles may be used from any thread
    let handle: OpaquePointer
    private let readOptions: OpaquePointer
    private let plainWrites: OpaquePointer
    private let syncedWrites: OpaquePointer
    private let cache: OpaquePointer?
    private let filter: OpaquePointer?
    /// Let go of after the database is closed.
    private let lock: DirectoryLock?

    init(path: String, create: Bool, options: StoreOptions, lock: DirectoryLock? = nil) throws(LevelDBFailure) {
        guard let settings = leveldb_options_create() else { throw LevelDBFailure(message: "out of memory") }
        defer { leveldb_options_destroy(settings) }
        let cache = leveldb_cache_create_lru(max(options.cacheBytes, 1 << 16))
        let filter = options.bloomBitsPerKey > 0
            ? leveldb_filterpolicy_create_bloom(Int32(clamping: options.bloomBitsPerKey)) : nil
        leveldb_options_set_create_if_missing(settings, create ? 1 : 0)
        leveldb_options_set_paranoid_checks(settings, 1)
        leveldb_options_set_compression(settings, Int32(leveldb_no_compression))
        leveldb_options_set_write_buffer_size(settings, max(options.writeBufferBytes, 1 << 16))
        leveldb_options_set_max_open_files(settings, Int32(clamping: max(options.maximumOpenFiles, 74)))
        leveldb_options_set_max_file_size(settings, max(options.tableBytes, 1 << 20))
        if let cache { leveldb_options_set_cache(settings, cache) }
        if let filter { leveldb_options_set_filter_policy(settings, filter) }

        var failure: UnsafeMutablePointer<CChar>?
        let opened = leveldb_open(settings, path, &failure)
        guard let opened, failure == nil else {
            if let opened { leveldb_close(opened) }
            if let filter { leveldb_filterpolicy_destroy(filter) }
            if let cache { leveldb_cache_destroy(cache) }
            if let failure { throw LevelDBFailure(taking: failure) }
            throw LevelDBFailure(message: "LevelDB gave no database and no reason")
        }
        guard let reads = leveldb_readoptions_create(), let plain = leveldb_writeoptions_create(),
            let synced = leveldb_writeoptions_create()
        else {
            leveldb_close(opened)
            throw LevelDBFailure(message: "out of memory")
        }
        leveldb_readoptions_set_verify_checksums(reads, 1)
        leveldb_writeoptions_set_sync(synced, 1)
        handle = opened
        readOptions = reads
        plainWrites = plain
        syncedWrites = synced
        self.cache = cache
        self.filter = filter
        self.lock = lock
    }

    deinit {
        leveldb_close(handle)
        leveldb_readoptions_destroy(readOptions)
        leveldb_writeoptions_destroy(plainWrites)
        leveldb_writeoptions_destroy(syncedWrites)
        if let filter { leveldb_filterpolicy_destroy(filter) }
        if let cache { leveldb_cache_destroy(cache) }
    }

    func get(_ key: [UInt8], at snapshot: LevelDBSnapshot? = nil) throws(LevelDBFailure) -> [UInt8]? {
        defer { withExtendedLifetime((self, snapshot)) {} }
        let options = snapshot?.readOptions ?? readOptions
        var failure: UnsafeMutablePointer<CChar>?
        var length = 0
        let found = withBytes(key) { leveldb_get(handle, options, $0, key.count, &length, &failure) }
        defer { if let found { leveldb_free(found) } }
        if let failure { throw LevelDBFailure(taking: failure) }
        return found.map { copyBytes($0, length) }
    }

    func write(_ batch: WriteBatch, sync: Bool) throws(LevelDBFailure) {
        guard let changes = leveldb_writebatch_create() else { throw LevelDBFailure(message: "out of memory") }
        defer { leveldb_writebatch_destroy(changes) }
        for operation in batch.operations {
            switch operation {
            case .put(let key, let value):
                withBytes(key) { key_ in
                    withBytes(value) { leveldb_writebatch_put(changes, key_, key.count, $0, value.count) }
                }
            case .delete(let key):
                withBytes(key) { leveldb_writebatch_delete(changes, $0, key.count) }
            }
        }
        var failure: UnsafeMutablePointer<CChar>?
        leveldb_write(handle, sync ? syncedWrites : plainWrites, changes, &failure)
        withExtendedLifetime(self) {}
        if let failure { throw LevelDBFailure(taking: failure) }
    }

    /// Rewrites all tables, leaving out what was overwritten or deleted.
    func compact() {
        leveldb_compact_range(handle, nil, 0, nil, 0)
        withExtendedLifetime(self) {}
    }

    func cursor(at snapshot: LevelDBSnapshot? = nil) throws(LevelDBFailure) -> LevelDBCursor {
        defer { withExtendedLifetime(snapshot) {} }
        guard let iterator = leveldb_create_iterator(handle, snapshot?.readOptions ?? readOptions) else {
            throw LevelDBFailure(message: "LevelDB gave no iterator")
        }
        return LevelDBCursor(iterator, of: self, at: snapshot)
    }
}

/// A fixed state of a database.
final class LevelDBSnapshot: @unchecked Sendable {
    let database: LevelDBDatabase
    let readOptions: OpaquePointer
    private let handle: OpaquePointer

    init(of database: LevelDBDatabase) throws(LevelDBFailure) {
        guard let options = leveldb_readoptions_create() else { throw LevelDBFailure(message: "out of memory") }
        guard let handle = leveldb_create_snapshot(database.handle) else {
            leveldb_readoptions_destroy(options)
            throw LevelDBFailure(message: "LevelDB gave no snapshot")
        }
        leveldb_readoptions_set_verify_checksums(options, 1)
        leveldb_readoptions_set_snapshot(options, handle)
        self.database = database
        self.handle = handle
        readOptions = options
    }

    deinit {
        leveldb_readoptions_destroy(readOptions)
        leveldb_release_snapshot(database.handle, handle)
    }
}

/// A position in a database. Freed before the database is, since it holds it.
final class LevelDBCursor {
    private let iterator: OpaquePointer
    private let database: LevelDBDatabase
    private let snapshot: LevelDBSnapshot?

    init(_ iterator: OpaquePointer, of database: LevelDBDatabase, at snapshot: LevelDBSnapshot?) {
        self.iterator = iterator
        self.database = database
        self.snapshot = snapshot
    }

    deinit { leveldb_iter_destroy(iterator) }

    var isValid: Bool { leveldb_iter_valid(iterator) != 0 }
    func seekToLast() { leveldb_iter_seek_to_last(iterator) }
    func seek(_ key: [UInt8]) { withBytes(key) { leveldb_iter_seek(iterator, $0, key.count) } }
    /// Requires `isValid`, as do `previous`, `key` and `withValue`.
    func next() { leveldb_iter_next(iterator) }
    func previous() { leveldb_iter_prev(iterator) }

    var key: [UInt8] {
        var length = 0
        return leveldb_iter_key(iterator, &length).map { copyBytes($0, length) } ?? []
    }

    /// Calls `body` with the value's bytes, which are there until the position changes.
    func withValue<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        var length = 0
        let start = leveldb_iter_value(iterator, &length)
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length))
    }

    /// Throws where the position was lost to an error rather than to the end of the data.
    func check() throws(LevelDBFailure) {
        var failure: UnsafeMutablePointer<CChar>?
        leveldb_iter_get_error(iterator, &failure)
        if let failure { throw LevelDBFailure(taking: failure) }
    }
}

private func withBytes<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    bytes.withUnsafeBytes { raw in
        // An empty array may have no address; LevelDB wants one even for no bytes.
        if let base = raw.baseAddress { return body(base.assumingMemoryBound(to: CChar.self)) }
        return withUnsafePointer(to: CChar(0)) { body($0) }
    }
}

private func copyBytes(_ start: UnsafePointer<CChar>, _ count: Int) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: start, count: count))
}
