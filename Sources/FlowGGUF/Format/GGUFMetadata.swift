/// The metadata of a GGUF file: keys and values in the order of the file.
public struct GGUFMetadata: Sendable, RandomAccessCollection {
    /// One key with its value.
    public struct Entry: Sendable, Equatable {
        public let key: String
        public let value: GGUFValue
        /// Where the value begins in the file, in bytes; 0 for an entry that was not read from a file.
        public let offset: UInt64

        /// Two entries are equal when key and value are, wherever they stand.
        public static func == (left: Entry, right: Entry) -> Bool {
            left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
        }
    }

    // Columns, so that an entry takes no more memory than its bytes in the file.
    private var keys = GGUFStrings()
    private var values: [GGUFValue] = []
    private var offsets: [UInt64] = []
    private var table = NameTable()

    public init() {}

    public var startIndex: Int { 0 }
    public var endIndex: Int { values.count }
    public subscript(position: Int) -> Entry {
        Entry(key: keys[position], value: values[position], offset: offsets[position])
    }

    /// The value of `key`, if the file has it.
    public subscript(key: String) -> GGUFValue? { entry(key)?.value }

    /// Key, value and place of `key`.
    public func entry(_ key: String) -> Entry? { table.position(of: key, in: keys).map { self[$0] } }

    /// Adds an entry, or replaces the value of one that is there.
    public mutating func set(_ key: String, _ value: GGUFValue) {
        if let position = table.position(of: key, in: keys) {
            values[position] = value
            offsets[position] = 0
        } else {
            _ = insert(Entry(key: key, value: value, offset: 0))
        }
    }

    /// Adds an entry; false when the key is there already.
    mutating func insert(_ entry: Entry) -> Bool {
        if table.position(of: entry.key, in: keys) != nil { return false }
        keys.append(entry.key)
        _ = table.insert(values.count, of: keys)
        values.append(entry.value)
        offsets.append(entry.offset)
        return true
    }

    mutating func reserveCapacity(_ count: Int) {
        values.reserveCapacity(count)
        offsets.reserveCapacity(count)
    }
}

extension GGUFMetadata {
    /// The integer at `key`, within `range`.
    ///
    /// - Throws: ``GGUFError/missingKey(_:)`` when there is none and no `default`,
    ///   ``GGUFError/unexpectedValue(key:expected:actual:offset:)`` for another type or a value outside.
    public func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(GGUFError) -> Int {
        guard let entry = entry(key) else {
            if let fallback { return fallback }
            throw .missingKey(key)
        }
        guard let value = entry.value.integer, range.contains(value) else {
            throw entry.unexpected("an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The floating-point number at `key`, finite and above `bound`.
    public func number(_ key: String, above bound: Double, default fallback: Double? = nil) throws(GGUFError) -> Double {
        guard let entry = entry(key) else {
            if let fallback { return fallback }
            throw .missingKey(key)
        }
        guard let value = entry.value.floatingPoint, value.isFinite, value > bound else {
            throw entry.unexpected("a finite number above \(bound)")
        }
        return value
    }

    /// The string at `key`.
    public func string(_ key: String) throws(GGUFError) -> String {
        guard let entry = entry(key) else { throw .missingKey(key) }
        guard let value = entry.value.string else { throw entry.unexpected("a string") }
        return value
    }

    /// The boolean at `key`.
    public func boolean(_ key: String, default fallback: Bool) throws(GGUFError) -> Bool {
        guard let entry = entry(key) else { return fallback }
        guard let value = entry.value.boolean else { throw entry.unexpected("a boolean") }
        return value
    }
}

extension GGUFMetadata.Entry {
    /// The error that says what this entry should have been.
    public func unexpected(_ expected: String) -> GGUFError {
        .unexpectedValue(key: key, expected: expected, actual: value.summary, offset: offset)
    }
}
