/// A JSON document as a value. Numbers keep their text, so that amounts and 64-bit integers lose nothing; members keep
/// their order, so that replies read as they were written.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number's own text, for example `50.00000000`.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One name and value of an object.
    public struct Member: Sendable, Equatable {
        public let name: String
        public let value: JSONValue
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
}

extension JSONValue {
    /// An integer number.
    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// A finite double; anything else becomes null, which JSON has instead.
    public static func double(_ value: Double) -> JSONValue { value.isFinite ? .number(trimmed(value)) : .null }

    private static func trimmed(_ value: Double) -> String {
        // By its text: rounding would ask for the C library's mathematics, which a debug build does not link.
        let text = value == 0 ? "0" : String(value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// The member of an object, or nil.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    public subscript(index: Int) -> JSONValue? {
        guard case .array(let items) = self, items.indices.contains(index) else { return nil }
        return items[index]
    }

    public var stringValue: String? { if case .string(let text) = self { text } else { nil } }
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var arrayValue: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    public var isNull: Bool { self == .null }

    /// The number when it is an integer that fits.
    public var intValue: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
    public var doubleValue: Double? { if case .number(let text) = self { Double(text) } else { nil } }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
    public init(nilLiteral: ()) { self = .null }
}
