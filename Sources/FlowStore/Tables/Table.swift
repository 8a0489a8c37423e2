/// A typed view of the keys that start with a prefix.
///
/// The prefixes of the tables of one store must not be the start of one another; one byte each is simplest.
///
/// ```swift
/// let heights = Table<UInt32, [UInt8]>(name: "heights", prefix: [0x68])
/// var batch = WriteBatch()
/// heights.put(7, hash, into: &batch)
/// try store.write(batch, sync: true)
/// let found = try heights.get(7, from: store)
/// ```
public struct Table<Key: TableKey, Value: TableValue>: Sendable {
    /// For messages only.
    public let name: String
    /// What every key of the table starts with.
    public let prefix: [UInt8]

    public init(name: String, prefix: [UInt8]) {
        self.name = name
        self.prefix = prefix
    }

    /// The value of `key`, or nil where there is none.
    /// - Throws: `corrupted` where the stored bytes are no `Value`; the store's own errors.
    public func get(_ key: Key, from store: any KeyValueReading) throws(StoreError) -> Value? {
        guard let bytes = try store.get(prefix + key.tableKey) else { return nil }
        return try value(bytes)
    }

    public func contains(_ key: Key, in store: any KeyValueReading) throws(StoreError) -> Bool {
        try store.contains(prefix + key.tableKey)
    }

    public func put(_ key: Key, _ value: Value, into batch: inout WriteBatch) {
        batch.put(prefix + key.tableKey, value.tableValue)
    }

    public func delete(_ key: Key, into batch: inout WriteBatch) {
        batch.delete(prefix + key.tableKey)
    }

    /// Visits the entries in the order of their keys; see `KeyValueReading.scan`.
    /// - Parameter from: the first visited key is the nearest one at or after it (`reverse`: at or before it).
    public func scan(
        _ store: any KeyValueReading, from: Key? = nil, reverse: Bool = false, limit: Int? = nil,
        _ body: (_ key: Key, _ value: Value) throws -> Bool
    ) throws {
        let start = from.map { prefix + $0.tableKey }
        try store.scan(prefix: prefix, from: start, reverse: reverse, limit: limit) { key, bytes in
            try body(try self.key(key), try value(bytes))
        }
    }

    /// The entry with the highest key; nil for an empty table.
    public func last(in store: any KeyValueReading) throws(StoreError) -> (key: Key, value: Value)? {
        try entry(store, reverse: true)
    }

    /// The entry with the lowest key; nil for an empty table.
    public func first(in store: any KeyValueReading) throws(StoreError) -> (key: Key, value: Value)? {
        try entry(store, reverse: false)
    }

    private func entry(_ store: any KeyValueReading, reverse: Bool) throws(StoreError) -> (key: Key, value: Value)? {
        guard let found = try store.entries(prefix: prefix, reverse: reverse, limit: 1).first else { return nil }
        return (try key(found.key), try value(found.value))
    }

    private func key(_ bytes: [UInt8]) throws(StoreError) -> Key {
        do {
            return try Key(tableKey: Array(bytes.dropFirst(prefix.count)))
        } catch {
            throw .corrupted("table \(name)", detail: "a key makes no sense (\(error))")
        }
    }

    private func value(_ bytes: [UInt8]) throws(StoreError) -> Value {
        do {
            return try Value(tableValue: bytes)
        } catch {
            throw .corrupted("table \(name)", detail: "a value makes no sense (\(error))")
        }
    }
}
