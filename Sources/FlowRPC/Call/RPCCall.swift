/// The arguments of one call, checked against the method's declaration, whether they came by position or by name.
public struct RPCCall: Sendable {
    /// The wallet that the path named (`/wallet/<name>`), if any.
    public let wallet: String?
    private let declaration: RPCDeclaration
    /// In the declaration's order; JSON null stands for one that was left out.
    private let values: [JSONValue]

    /// - Throws: what bitcoind answers: the help (−1) for too many or too few, −8 for an unknown name, −1 or −3 for a value of another kind
    init(_ given: JSONValue?, declaration: RPCDeclaration, wallet: String?) throws(RPCError) {
        self.declaration = declaration
        self.wallet = wallet
        values = try Self.ordered(given, declaration)
        let required = declaration.requiredCount
        guard values.count <= declaration.parameters.count, values.count >= required, !values.prefix(required).contains(.null) else {
            throw .misc(declaration.helpText)
        }
        for (value, parameter) in zip(values, declaration.parameters) where !value.isNull && !parameter.kind.accepts(value) {
            if parameter.kind == .amount { throw .type("Amount is not a number or string") }
            throw declaration.kindErrorCode == -3
                ? .type("Expected type \(parameter.kind.typeName), got \(value.typeName)")
                : .misc("JSON value is not \(parameter.kind.expectation) as expected")
        }
    }

    private static func ordered(_ given: JSONValue?, _ declaration: RPCDeclaration) throws(RPCError) -> [JSONValue] {
        switch given {
        case nil, .null?: return []
        case .array(let items)?: return items
        case .object(let members)?:
            var ordered: [JSONValue] = []
            // As in Bitcoin Core, `args` holds what is given by position beside names.
            if let args = members.first(where: { $0.name == "args" }), declaration.index(of: "args") == nil {
                guard let items = args.value.arrayValue else { throw .type("Expected type array, got \(args.value.typeName)") }
                ordered = items
            }
            var filled = Set(ordered.indices)
            for member in members where member.name != "args" || declaration.index(of: "args") != nil {
                guard let index = declaration.index(of: member.name) else { throw .invalidParameter("Unknown named parameter \(member.name)") }
                guard filled.insert(index).inserted else {
                    throw .invalidParameter("Parameter \(member.name) specified twice both as positional and named argument")
                }
                while ordered.count <= index { ordered.append(.null) }
                ordered[index] = member.value
            }
            return ordered
        default: throw .invalidRequest("Params must be an array or object")
        }
    }

    /// The error that answers a call which the declaration allows and the method cannot read.
    public var helpError: RPCError { .misc(declaration.helpText) }

    /// The argument as it was given; nil when it was left out or is null.
    public func given(_ name: String) -> JSONValue? {
        guard let index = declaration.index(of: name), values.indices.contains(index), !values[index].isNull else { return nil }
        return values[index]
    }

    /// The argument, or what the declaration says counts without it.
    public func value(_ name: String) throws(RPCError) -> JSONValue {
        if let value = given(name) { return value }
        guard let index = declaration.index(of: name), let fallback = declaration.parameters[index].fallback else { throw helpError }
        return fallback
    }

    public func string(_ name: String) throws(RPCError) -> String {
        guard let text = try value(name).stringValue else { throw .misc("JSON value is not a string as expected") }
        return text
    }

    /// A whole number. For a level, true is 1 and false is 0.
    public func integer(_ name: String) throws(RPCError) -> Int64 {
        let value = try value(name)
        if let flag = value.boolValue { return flag ? 1 : 0 }
        guard let number = value.intValue else { throw .misc("JSON value is not an integer as expected") }
        return number
    }

    public func bool(_ name: String) throws(RPCError) -> Bool {
        let value = try value(name)
        if let number = value.intValue { return number != 0 }
        guard let flag = value.boolValue else { throw .misc("JSON value is not a boolean as expected") }
        return flag
    }

    public func array(_ name: String) throws(RPCError) -> [JSONValue] {
        guard let items = try value(name).arrayValue else { throw .misc("JSON value is not an array as expected") }
        return items
    }

    /// An amount of coins as haruki, 0 … 21·10^14.
    public func haruki(_ name: String) throws(RPCError) -> Int64 { try Self.haruki(try value(name)) }

    /// A value inside an argument as an amount in haruki, 0 … 21·10^14.
    public static func haruki(_ value: JSONValue) throws(RPCError) -> Int64 {
        switch value {
        case .number, .string: break
        default: throw .type("Amount is not a number or string")
        }
        guard let amount = value.harukiValue else { throw .type("Invalid amount") }
        guard amount >= 0, amount <= 2_100_000_000_000_000 else { throw .type("Amount out of range") }
        return amount
    }
}
