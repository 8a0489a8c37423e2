public import FlowRPC

/// The value that a call returned. Numbers keep their text, so that amounts print as the node wrote them.
public struct JSONResult: Sendable {
    private let value: JSONValue

    public init(_ value: JSONValue) { self.value = value }

    public var string: String? { value.stringValue }
    public var integer: Int? { value.intValue.map { Int($0) } }
    public var unsigned: UInt64? { if case .number(let text) = value { UInt64(text) } else { nil } }
    public var double: Double? { value.doubleValue }
    public var bool: Bool? { if case .bool(let flag) = value { flag } else { nil } }
    public var isNull: Bool { value.isNull }
    public var array: [JSONResult]? { value.arrayValue?.map(JSONResult.init) }
    public subscript(key: String) -> JSONResult { JSONResult(value[key] ?? .null) }

    /// As JSON, whatever it is.
    public var json: String { Self.indented(value, "") }

    /// As bitcoin-cli prints: strings bare, everything else as indented JSON.
    public var printed: String {
        if let string { return string }
        return isNull ? "" : Self.indented(value, "")
    }

    private static func indented(_ value: JSONValue, _ margin: String) -> String {
        let inner = margin + "  "
        switch value {
        case .array(let items) where !items.isEmpty:
            return "[\n" + items.map { inner + indented($0, inner) }.joined(separator: ",\n") + "\n\(margin)]"
        case .object(let members) where !members.isEmpty:
            let lines = members.map { inner + JSONValue.string($0.name).text + ": " + indented($0.value, inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
        default: return value.text
        }
    }
}
