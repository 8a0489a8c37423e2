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

    /// Haruki as a number of whole coins with eight decimals, exact.
    public static func amount(haruki: Int64) -> JSONValue {
        let magnitude = haruki.magnitude
        let fraction = String(magnitude % 100_000_000)
        let padded = String(repeating: "0", count: 8 - fraction.count) + fraction
        return .number((haruki < 0 ? "-" : "") + String(magnitude / 100_000_000) + "." + padded)
    }

    private static func trimmed(_ value: Double) -> String {
        if value == value.rounded(), value.magnitude < 9e15 { return String(Int64(value)) }
        return String(value)
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

    /// Its kind in one word, as bitcoind's errors name it.
    var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// The number when it is an integer that fits.
    public var intValue: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
    public var doubleValue: Double? { if case .number(let text) = self { Double(text) } else { nil } }

    /// A number of coins with at most eight decimals as haruki, exact; nil when it is no such number or does not fit.
    var harukiValue: Int64? {
        let text: String
        switch self {
        case .number(let value): text = value
        case .string(let value): text = value
        default: return nil
        }
        return Self.haruki(text)
    }

    private static func haruki(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)[...]
        var negative = false
        if bytes.first == UInt8(ascii: "-") {
            negative = true
            bytes = bytes.dropFirst()
        }
        var exponent = 0
        if let mark = bytes.firstIndex(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }) {
            guard let value = Int(String(decoding: bytes[(mark + 1)...], as: UTF8.self)), value.magnitude <= 32 else { return nil }
            exponent = value
            bytes = bytes[..<mark]
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.count == 1 || whole.first != 48 else { return nil }
        let fraction = parts.count > 1 ? parts[1] : []
        guard parts.count == 1 || !fraction.isEmpty else { return nil }
        var digits = Array(whole) + Array(fraction)
        guard digits.count <= 40, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        var scale = 8 + exponent - fraction.count
        while scale > 0 {
            digits.append(48)
            scale -= 1
        }
        while scale < 0 {
            guard let last = digits.popLast() else { break }
            guard last == 48 else { return nil }
            scale += 1
        }
        var value: Int64 = 0
        for digit in digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit - 48))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return negative ? -value : value
    }
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
