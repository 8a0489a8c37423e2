/// Reading of an ordered map from byte strings to byte strings. Keys are ordered bytewise.
public protocol KeyValueReading: Sendable {
    /// The value of `key`, or nil where there is none.
    func get(_ key: [UInt8]) throws(StoreError) -> [UInt8]?

    /// Visits the entries whose key starts with `prefix`, in ascending order, or in descending order when `reverse`.
    ///
    /// The visit sees one consistent state, whatever is written meanwhile.
    /// - Parameters:
    ///   - from: a whole key (with the prefix): the first visited key is the nearest one at or after it
    ///     (`reverse`: at or before it).
    ///   - limit: visit at most this many entries; nil for all.
    ///   - body: returns false to end the visit.
    /// - Throws: `StoreError`, or what `body` throws.
    func scan(
        prefix: [UInt8], from: [UInt8]?, reverse: Bool, limit: Int?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws

    /// As `scan` in ascending order, for large values: they are not copied, and `value` is valid during the call of `body` only.
    func scanBytes(
        prefix: [UInt8], from: [UInt8]?, limit: Int?,
        _ body: (_ key: [UInt8], _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws
}

extension KeyValueReading {
    public func scanBytes(
        prefix: [UInt8], from: [UInt8]?, limit: Int?,
        _ body: (_ key: [UInt8], _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try scan(prefix: prefix, from: from, reverse: false, limit: limit) { key, value in
            try value.withUnsafeBytes { try body(key, $0) }
        }
    }

    /// `scan` with the usual arguments left out.
    public func scan(
        prefix: [UInt8] = [], from: [UInt8]? = nil, reverse: Bool = false, limit: Int? = nil,
        body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        try scan(prefix: prefix, from: from, reverse: reverse, limit: limit, body)
    }

    /// The entries that `scan` visits, as an array.
    public func entries(
        prefix: [UInt8] = [], from: [UInt8]? = nil, reverse: Bool = false, limit: Int? = nil
    ) throws(StoreError) -> [(key: [UInt8], value: [UInt8])] {
        var found: [(key: [UInt8], value: [UInt8])] = []
        do {
            try scan(prefix: prefix, from: from, reverse: reverse, limit: limit) { key, value in
                found.append((key, value))
                return true
            }
        } catch let error as StoreError {
            throw error
        } catch {
            // The body above throws nothing, so only a store that breaks the protocol's promise comes here.
            throw StoreError(code: .failed, path: "", detail: "\(error)", wayOut: "Report this as a fault of the store.")
        }
        return found
    }

    /// Whether `key` has a value.
    public func contains(_ key: [UInt8]) throws(StoreError) -> Bool { try get(key) != nil }
}

/// The range of keys that a scan visits, the same for each kind of store.
struct ScanBounds {
    let prefix: [UInt8]
    let from: [UInt8]?
    let reverse: Bool

    /// The first byte string after all those that start with the prefix; nil where the prefix is empty or all 0xff.
    var afterPrefix: [UInt8]? {
        var bytes = prefix
        while let last = bytes.last {
            if last < 0xff {
                bytes[bytes.count - 1] = last + 1
                return bytes
            }
            bytes.removeLast()
        }
        return nil
    }

    /// Forward: the key to seek to (first at or after it).
    var lowerStart: [UInt8] {
        guard let from, !reverse else { return prefix }
        return prefix.lexicographicallyPrecedes(from) ? from : prefix
    }

    /// Whether `key` lies at or before the start of a reverse scan and has the prefix.
    func admitsReverseStart(_ key: [UInt8]) -> Bool {
        guard let from else { return true }
        return !from.lexicographicallyPrecedes(key)
    }
}
