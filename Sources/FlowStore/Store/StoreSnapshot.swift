/// A fixed state of a `KeyValueStore`. While it lives, the store's files stay open, also after `close`.
final class StoreSnapshot: KeyValueReading {
    private let store: KeyValueStore
    private let snapshot: LevelDBSnapshot

    init(store: KeyValueStore, snapshot: LevelDBSnapshot) {
        self.store = store
        self.snapshot = snapshot
    }

    func get(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try store.read(key, at: snapshot) }

    func scan(
        prefix: [UInt8], from: [UInt8]?, reverse: Bool, limit: Int?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        try store.scan(
            snapshot.database, snapshot, ScanBounds(prefix: prefix, from: from, reverse: reverse), limit: limit
        ) { try body($0, [UInt8]($1)) }
    }

    func scanBytes(
        prefix: [UInt8], from: [UInt8]?, limit: Int?,
        _ body: (_ key: [UInt8], _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try store.scan(
            snapshot.database, snapshot, ScanBounds(prefix: prefix, from: from, reverse: false), limit: limit, body)
    }
}
