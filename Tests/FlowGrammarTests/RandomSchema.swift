import FlowJSON

/// Random JSON Schemas, of which most can be satisfied and some cannot.
struct RandomSchema<Source: RandomNumberGenerator> {
    var source: Source

    mutating func schema() -> JSONValue {
        var members = object(depth: 0)
        if chance(30) { members.append(.init("$defs", .object([.init("d", .object(object(depth: 2))), .init("e", value(depth: 2))]))) } else {
            members = members.filter { !Self.refers($0.value) }
        }
        return .object(members)
    }

    private static func refers(_ value: JSONValue) -> Bool {
        switch value {
        case .object(let members): members.contains { $0.name == "$ref" && $0.value != "#" || refers($0.value) }
        case .array(let items): items.contains(where: refers)
        default: false
        }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &source) < percent }
    private mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: 0..<items.count, using: &source)] }
    private mutating func count(_ range: ClosedRange<Int>) -> JSONValue { .integer(Int.random(in: range, using: &source)) }

    private mutating func value(depth: Int) -> JSONValue {
        if chance(5) { return .bool(true) }
        if chance(2) { return .bool(false) }
        return .object(object(depth: depth))
    }

    private mutating func object(depth: Int) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) { if !members.contains(where: { $0.name == name }) { members.append(.init(name, value)) } }
        let kinds = ["null", "boolean", "integer", "number", "string", "array", "object"]
        let kind = depth == 0 ? pick(["object", "object", "array", "string", "integer", "number"]) : pick(depth < 3 ? kinds : Array(kinds.prefix(5)))
        if chance(85) { add("type", chance(10) ? .array([.string(kind), .string(pick(kinds.filter { $0 != kind }))]) : .string(kind)) }
        switch kind {
        case "integer", "number": numbers(add)
        case "string": strings(add)
        case "array" where depth < 4: arrays(depth, add)
        case "object" where depth < 4: objects(depth, add)
        default: break
        }
        if depth < 3 { combinations(depth, kind, add) }
        return members
    }

    private mutating func number() -> JSONValue {
        switch Int.random(in: 0..<5, using: &source) {
        case 0: .number("\(Int.random(in: -9...9, using: &source)).\(Int.random(in: 0...99, using: &source))")
        case 1: .number("\(Int.random(in: -30...30, using: &source))e\(Int.random(in: -3...3, using: &source))")
        default: .integer(Int.random(in: -20...200, using: &source))
        }
    }

    private mutating func numbers(_ add: (String, JSONValue) -> Void) {
        if chance(30) { add("minimum", number()) }
        if chance(30) { add("maximum", number()) }
        if chance(10) { add("exclusiveMinimum", number()) }
        if chance(10) { add("exclusiveMaximum", number()) }
        if chance(20) { add("multipleOf", pick([1, 2, 3, 5, 7, 10, 100])) }
        if chance(5) { add("enum", .array([number(), number(), 3])) }
    }

    private mutating func strings(_ add: (String, JSONValue) -> Void) {
        if chance(30) { add("minLength", count(0...6)) }
        if chance(30) { add("maxLength", count(0...12)) }
        if chance(30) {
            add(
                "pattern",
                .string(pick([
                    "^[a-z]+$", "[0-9]", "^a", "z$", "^(yes|no)$", #"^\d{3}-\d{4}$"#, "^[^@]+@[^@]+$", "^.{1,9}$", "^a|b$", "^(ab)*$", "^[^\"\\\\]*$", "x.y",
                    #"^\S+$"#, "^(?=.*[0-9])[a-z0-9]+$", "^(?!no)[a-z]+$", "^[A-F0-9]{2,40}$", "é", "^$",
                ])))
        }
        if chance(5) { add("format", "date") }
        if chance(8) { add("enum", ["a", "ab", "abc", "ü\n\"", "😀"]) }
    }

    private mutating func arrays(_ depth: Int, _ add: (String, JSONValue) -> Void) {
        if chance(70) { add("items", value(depth: depth + 1)) }
        if chance(20) { add("prefixItems", .array((0..<Int.random(in: 1...3, using: &source)).map { _ in value(depth: depth + 1) })) }
        if chance(30) { add("minItems", count(0...4)) }
        if chance(30) { add("maxItems", count(0...6)) }
        if chance(15) { add("uniqueItems", true) }
        if chance(15) {
            add("contains", value(depth: depth + 2))
            if chance(40) { add("minContains", count(0...3)) }
            if chance(30) { add("maxContains", count(0...4)) }
        }
    }

    private mutating func objects(_ depth: Int, _ add: (String, JSONValue) -> Void) {
        let names = ["a", "b", "ab", "name", "id", "größe", "x y", "q\"", ""]
        let chosen = names.filter { _ in chance(35) }
        if !chosen.isEmpty { add("properties", .object(chosen.map { .init($0, value(depth: depth + 1)) })) }
        if chance(50) { add("required", .array(chosen.filter { _ in chance(50) }.map { .string($0) } + (chance(5) ? ["ghost"] : []))) }
        if chance(40) { add("additionalProperties", chance(60) ? false : value(depth: depth + 1)) }
        if chance(15) {
            add("patternProperties", .object([.init(pick(["^n_", "[0-9]", "a"]), value(depth: depth + 1))]))
        }
        if chance(15) { add("propertyNames", pick([["pattern": "^[a-z]+$"], ["maxLength": 3], ["minLength": 1], ["enum": ["a", "b", "c", "id"]]])) }
        if chance(15) { add("minProperties", count(0...3)) }
        if chance(15) { add("maxProperties", count(0...5)) }
        if chance(10) { add("dependentRequired", .object([.init(pick(names), [.string(pick(names))])])) }
        if chance(6) { add("dependentSchemas", .object([.init(pick(names), value(depth: depth + 1))])) }
        if chance(6) { add("unevaluatedProperties", false) }
    }

    private mutating func combinations(_ depth: Int, _ kind: String, _ add: (String, JSONValue) -> Void) {
        func some(_ count: ClosedRange<Int>, _ generator: inout Self) -> JSONValue {
            .array((0..<Int.random(in: count, using: &generator.source)).map { _ in generator.value(depth: depth + 1) })
        }
        if chance(6) { add("allOf", some(1...2, &self)) }
        if chance(8) { add("anyOf", some(1...3, &self)) }
        if chance(6) { add("oneOf", some(1...3, &self)) }
        if chance(5) { add("not", value(depth: depth + 1)) }
        if chance(5) {
            add("if", value(depth: depth + 1))
            if chance(80) { add("then", value(depth: depth + 1)) }
            if chance(50) { add("else", value(depth: depth + 1)) }
        }
        if depth > 0, chance(6) { add("$ref", .string(pick(["#", "#/$defs/d", "#/$defs/e"]))) }
        if chance(4) { add("const", pick([1, "a", ["a", 1], ["k": [1, true]], nil, true])) }
    }
}
