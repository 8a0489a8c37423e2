/// Entries in the order of their keys; a value, so a copy is a snapshot.
struct SortedMap: Sendable {
    private var keys: [[UInt8]] = []
    private var values: [[UInt8]] = []

    subscript(_ key: [UInt8]) -> [UInt8]? {
        let index = firstIndex(notBefore: key)
        return index < keys.count && keys[index] == key ? values[index] : nil
    }

    mutating func apply(_ batch: WriteBatch) {
        for operation in batch.operations {
            switch operation {
            case .put(let key, let value):
                let index = firstIndex(notBefore: key)
                if index < keys.count && keys[index] == key {
                    values[index] = value
                } else {
                    keys.insert(key, at: index)
                    values.insert(value, at: index)
                }
            case .delete(let key):
                let index = firstIndex(notBefore: key)
                if index < keys.count && keys[index] == key {
                    keys.remove(at: index)
                    values.remove(at: index)
                }
            }
        }
    }

    func scan(_ bounds: ScanBounds, limit: Int?, _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool) throws {
        var remaining = limit ?? Int.max
        let end = bounds.afterPrefix.map { firstIndex(notBefore: $0) } ?? keys.count
        var index: Int
        if bounds.reverse {
            index = end - 1
            if let from = bounds.from {
                let start = firstIndex(notBefore: from)
                index = min(index, start < keys.count && keys[start] == from ? start : start - 1)
            }
        } else {
            index = firstIndex(notBefore: bounds.lowerStart)
        }
        while remaining > 0, keys.indices.contains(index), keys[index].starts(with: bounds.prefix) {
            guard try body(keys[index], values[index]) else { return }
            remaining -= 1
            index += bounds.reverse ? -1 : 1
        }
    }

    private func firstIndex(notBefore key: [UInt8]) -> Int {
        var low = 0, high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A fixed state of a store in memory.
struct MemorySnapshot: KeyValueReading {
    let map: SortedMap

    func get(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { map[key] }

    func scan(
        prefix: [UInt8], from: [UInt8]?, reverse: Bool, limit: Int?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        try map.scan(ScanBounds(prefix: prefix, from: from, reverse: reverse), limit: limit, body)
    }
}
