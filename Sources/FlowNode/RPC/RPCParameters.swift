/// The arguments of one call, in the method's order, whether they came by position or by name.
public struct RPCParameters: Sendable {
    /// The arguments; JSON null stands for one that was left out.
    public let values: [JSONValue]
    /// The wallet that the path named (`/wallet/<name>`), if any.
    public let wallet: String?
    let method: RPCMethod

    init(_ given: JSONValue?, method: RPCMethod, wallet: String?) throws(RPCError) {
        self.method = method
        self.wallet = wallet
        switch given {
        case nil, .null?: values = []
        case .array(let items)?: values = items
        case .object(let members)?:
            let names = method.parameterNames
            var ordered: [JSONValue] = []
            for member in members {
                guard let index = names.firstIndex(of: member.name) else {
                    throw .invalidParameter("Unknown named parameter \(member.name)")
                }
                while ordered.count <= index { ordered.append(.null) }
                ordered[index] = member.value
            }
            values = ordered
        default: throw .invalidRequest("Params must be an array or object")
        }
        guard values.count <= method.parameters.count, values.prefix(method.requiredCount).count == method.requiredCount else {
            throw .misc(method.helpText)
        }
    }

    /// The argument, or nil when it was left out or is null.
    public func optional(_ index: Int) -> JSONValue? {
        guard values.indices.contains(index), !values[index].isNull else { return nil }
        return values[index]
    }

    public func value(_ index: Int) throws(RPCError) -> JSONValue {
        guard let value = optional(index) else { throw .misc(method.helpText) }
        return value
    }

    public func string(_ index: Int) throws(RPCError) -> String {
        guard let text = try value(index).stringValue else { throw .misc("JSON value is not a string as expected") }
        return text
    }

    public func integer(_ index: Int) throws(RPCError) -> Int64 {
        guard let number = try value(index).intValue else { throw .misc("JSON value is not an integer as expected") }
        return number
    }

    public func integer(_ index: Int, default fallback: Int64) throws(RPCError) -> Int64 {
        optional(index) == nil ? fallback : try integer(index)
    }

    public func bool(_ index: Int, default fallback: Bool) throws(RPCError) -> Bool {
        guard let value = optional(index) else { return fallback }
        if let number = value.intValue { return number != 0 }
        guard let flag = value.boolValue else { throw .misc("JSON value is not a boolean as expected") }
        return flag
    }

    /// An amount of coins as haruki, 0 … 21·10^14.
    public func haruki(_ index: Int) throws(RPCError) -> Int64 {
        guard let amount = try value(index).harukiValue else { throw .type("Invalid amount") }
        guard amount >= 0, amount <= 2_100_000_000_000_000 else { throw .type("Amount out of range") }
        return amount
    }
}
