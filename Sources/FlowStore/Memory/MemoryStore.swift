import Synchronization

/// A store that lives in memory and ends with the object: for tests and for nodes that keep nothing.
///
/// An insertion moves the entries after it, so it suits up to some hundred thousand keys.
public final class MemoryStore: KeyValueStoring {
    private let state = Mutex<SortedMap?>(SortedMap())

    public init() {}

    public func get(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try contents()[key] }

    public func write(_ batch: WriteBatch, sync: Bool) throws(StoreError) {
        try state.withLock { map throws(StoreError) in
            guard map != nil else { throw .closed("memory") }
            map?.apply(batch)
        }
    }

    public func scan(
        prefix: [UInt8], from: [UInt8]?, reverse: Bool, limit: Int?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        try contents().scan(ScanBounds(prefix: prefix, from: from, reverse: reverse), limit: limit, body)
    }

    public func snapshot() throws(StoreError) -> any KeyValueReading { MemorySnapshot(map: try contents()) }

    public func close() { state.withLock { $0 = nil } }

    private func contents() throws(StoreError) -> SortedMap {
        guard let map = state.withLock({ $0 }) else { throw .closed("memory") }
        return map
    }
}
