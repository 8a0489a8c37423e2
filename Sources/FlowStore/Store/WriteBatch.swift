/// Changes that are stored together or not at all. Later changes win over earlier ones of the same key.
public struct WriteBatch: Sendable, Equatable {
    /// One change of one key.
    public enum Operation: Sendable, Equatable {
        case put(key: [UInt8], value: [UInt8])
        case delete(key: [UInt8])
    }

    /// The changes in the order in which they were added.
    public private(set) var operations: [Operation] = []
    /// Bytes of all keys and values, which is about what the batch adds to the log.
    public private(set) var byteCount = 0

    public init() {}

    public var isEmpty: Bool { operations.isEmpty }

    /// Stores `value` under `key`, replacing what is there.
    public mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        operations.append(.put(key: key, value: value))
        byteCount += key.count + value.count
    }

    /// Removes `key`; not an error where it is absent.
    public mutating func delete(_ key: [UInt8]) {
        operations.append(.delete(key: key))
        byteCount += key.count
    }

    /// Adds the changes of `other` after those of this batch.
    public mutating func append(_ other: WriteBatch) {
        operations += other.operations
        byteCount += other.byteCount
    }

    /// Forgets all changes.
    public mutating func removeAll() {
        operations.removeAll()
        byteCount = 0
    }
}
