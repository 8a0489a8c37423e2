/// One parameter of a method, declared once: the check, the help, named arguments, the client's conversion and the machine-readable listing read it here.
public struct RPCParameter: Sendable, Equatable {
    /// What kind of JSON value a parameter takes.
    public enum Kind: String, Sendable {
        case string
        /// 64 hexadecimal digits, or other bytes in hexadecimal.
        case hex
        /// Coins with at most eight decimals, as a number or as text.
        case amount
        case integer
        case number
        case boolean
        /// A level; true and false stand for 1 and 0.
        case level
        case array
        case object
        /// Whatever the method says.
        case any
    }

    public let name: String
    /// Other names under which it may be given.
    let aliases: [String]
    let kind: Kind
    let isRequired: Bool
    /// What counts when it is left out; nil: nothing.
    let fallback: JSONValue?
    let text: String

    /// A parameter that every call gives.
    public static func required(_ name: String, _ kind: Kind, _ text: String, aliases: [String] = []) -> RPCParameter {
        RPCParameter(name: name, aliases: aliases, kind: kind, isRequired: true, fallback: nil, text: text)
    }

    /// A parameter that may be left out; then `fallback` counts.
    public static func optional(_ name: String, _ kind: Kind, default fallback: JSONValue? = nil, _ text: String, aliases: [String] = []) -> RPCParameter {
        RPCParameter(name: name, aliases: aliases, kind: kind, isRequired: false, fallback: fallback, text: text)
    }
}

extension RPCParameter.Kind {
    func accepts(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.string, .string), (.hex, .string), (.amount, .number), (.amount, .string), (.number, .number), (.boolean, .bool),
            (.level, .bool), (.array, .array), (.object, .object), (.any, _): true
        // bitcoind takes numbers for truth values.
        case (.boolean, .number), (.level, .number), (.integer, .number): value.intValue != nil
        default: false
        }
    }

    /// The word for it in bitcoind's errors.
    var expectation: String {
        switch self {
        case .string, .hex: "a string"
        case .amount, .number: "a number"
        case .integer, .level: "an integer"
        case .boolean: "a boolean"
        case .array: "an array"
        case .object: "an object"
        case .any: "a value"
        }
    }

    /// The short word of `Expected type …`.
    var typeName: String {
        switch self {
        case .string, .hex: "string"
        case .amount, .number, .integer, .level: "number"
        case .boolean: "bool"
        case .array: "array"
        case .object: "object"
        case .any: "any"
        }
    }

    /// Whether a command line's word is read as JSON, and not as the text itself.
    var isJSON: Bool { self != .string && self != .hex }

    /// JSON Schema's word for it; nil where there is more than one.
    var schema: JSONValue {
        switch self {
        case .string: ["type": "string"]
        case .hex: ["type": "string", "pattern": "^[0-9a-fA-F]*$"]
        case .amount: ["type": ["number", "string"]]
        case .integer: ["type": "integer"]
        case .number: ["type": "number"]
        case .boolean: ["type": "boolean"]
        case .level: ["type": ["integer", "boolean"]]
        case .array: ["type": "array"]
        case .object: ["type": "object"]
        case .any: [:]
        }
    }
}
