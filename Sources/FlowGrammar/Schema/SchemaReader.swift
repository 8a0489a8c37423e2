import FlowJSON

/// Reads a JSON Schema (draft 2020-12, with the forms of drafts 4 to 7 that clients send) into its subschemas. Number 0 is the root.
struct SchemaReader {
    private(set) var schemas: [Subschema] = []
    private(set) var patterns: [PatternTexts] = []
    private let document: JSONValue
    private let limits: GrammarLimits
    private var known: [String: Int] = [:]
    private var patternNumbers: [String: Int] = [:]
    private var anchors: [String: [String]] = [:]
    private var dynamicAnchors: [String: [String]] = [:]
    private let isOld: Bool
    private var open: [(String, JSONValue)] = []

    static func read(_ document: JSONValue, limits: GrammarLimits) throws(SchemaError) -> SchemaReader {
        var reader = SchemaReader(document: document, limits: limits)
        reader.collectAnchors(document, place: "", depth: 0)
        _ = reader.number(of: document, place: "")
        var next = 0
        while next < reader.open.count {
            let (place, value) = reader.open[next]
            try reader.read(value, place: place, into: next)
            next += 1
            guard reader.open.count < 50_000 else { throw SchemaError(keyword: "schema", place: "", reason: "more than 50000 schemas") }
        }
        try CycleCheck.check(reader.schemas)
        return reader
    }

    private init(document: JSONValue, limits: GrammarLimits) {
        (self.document, self.limits) = (document, limits)
        let draft = document["$schema"]?.stringValue ?? ""
        isOld = ["draft-07", "draft-06", "draft-04", "draft-03"].contains { draft.contains($0) }
    }

    /// Anchors and identifiers of the whole document, wherever they stand.
    private mutating func collectAnchors(_ value: JSONValue, place: String, depth: Int) {
        switch value {
        case .object(let members):
            for member in members {
                switch (member.name, member.value) {
                case ("$anchor", .string(let name)): anchors["#" + name, default: []].append(place)
                case ("$dynamicAnchor", .string(let name)):
                    anchors["#" + name, default: []].append(place)
                    dynamicAnchors["#" + name, default: []].append(place)
                case ("$id", .string(let name)), ("id", .string(let name)): anchors[name, default: []].append(place)
                case ("enum", _), ("const", _): continue
                default: break
                }
                collectAnchors(member.value, place: place + "/" + Self.escaped(member.name), depth: depth + 1)
            }
        case .array(let items):
            for (index, item) in items.enumerated() { collectAnchors(item, place: "\(place)/\(index)", depth: depth + 1) }
        default: break
        }
    }

    private static func escaped(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private mutating func number(of value: JSONValue, place: String) -> Int {
        if let number = known[place] { return number }
        known[place] = open.count
        open.append((place, value))
        schemas.append(Subschema(place: place))
        return open.count - 1
    }

    // MARK: - References

    private mutating func target(of reference: String, keyword: String, in schema: Subschema) throws(SchemaError) -> Int {
        if let places = anchors[reference] {
            guard places.count == 1 else { throw schema.error(keyword, "\(reference) names \(places.count) schemas") }
            return try schemaNumber(at: places[0], keyword: keyword, in: schema)
        }
        if reference == "#" { return try schemaNumber(at: "", keyword: keyword, in: schema) }
        guard let mark = reference.firstIndex(of: "#") else { throw schema.error(keyword, "\(reference) is no schema of this document") }
        var base = ""
        if mark != reference.startIndex {
            guard let places = anchors[String(reference[..<mark])], places.count == 1 else {
                throw schema.error(keyword, "\(reference) is no schema of this document")
            }
            base = places[0]
        }
        let pointer = Self.unescapedPercents(String(reference[reference.index(after: mark)...]))
        guard pointer.isEmpty || pointer.hasPrefix("/") else { throw schema.error(keyword, "no schema has the anchor \(reference)") }
        return try schemaNumber(at: base + pointer, keyword: keyword, in: schema)
    }

    private static func unescapedPercents(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func schemaNumber(at place: String, keyword: String, in schema: Subschema) throws(SchemaError) -> Int {
        var value = document
        for part in place.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = part.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
                .split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
            guard let next = value[name] ?? Int(name).flatMap({ value[$0] }) else { throw schema.error(keyword, "nothing stands at \(place)") }
            value = next
        }
        return number(of: value, place: place)
    }

    // MARK: - Keywords

    private mutating func read(_ value: JSONValue, place: String, into index: Int) throws(SchemaError) {
        var schema = schemas[index]
        switch value {
        case .bool(true): return
        case .bool(false): schema.assertions = [("false", .never)]
        case .object(let members):
            if isOld, let reference = value["$ref"]?.stringValue {
                schema.assertions = [("$ref", .reference(try target(of: reference, keyword: "$ref", in: schema)))]
            } else {
                for member in members { try read(member.name, member.value, of: value, into: &schema) }
                try readMembers(of: value, into: &schema)
                try readItems(of: value, into: &schema)
            }
        default: throw schema.error("schema", "expected an object, true or false")
        }
        schemas[index] = schema
    }

    private mutating func child(_ value: JSONValue, _ path: String, of schema: Subschema) -> Int { number(of: value, place: schema.place + "/" + path) }

    private mutating func children(_ keyword: String, _ value: JSONValue, of schema: Subschema) throws(SchemaError) -> [Int] {
        guard case .array(let items) = value, !items.isEmpty else { throw schema.error(keyword, "expected an array of schemas") }
        return items.enumerated().map { child($0.element, "\(keyword)/\($0.offset)", of: schema) }
    }

    private func decimal(_ keyword: String, _ value: JSONValue, of schema: Subschema) throws(SchemaError) -> Decimal {
        guard case .number(let text) = value, text.utf8.count <= 1_000 else { throw schema.error(keyword, "expected a number of at most 1000 characters") }
        let number = Decimal(text: text)
        guard number.exponent.magnitude <= 1_000 else { throw schema.error(keyword, "expected an exponent of at most 1000") }
        return number
    }

    private func size(_ keyword: String, _ value: JSONValue, of schema: Subschema) throws(SchemaError) -> Int {
        let number = try decimal(keyword, value, of: schema)
        guard !number.isNegative, number.isMultiple(of: .one) else { throw schema.error(keyword, "expected a whole number, zero or above") }
        let (coefficient, power) = (number.coefficient.small ?? Int.max, number.exponent)
        guard coefficient < 1 << 32, power < 9 else { return 1 << 60 }
        return (0..<power).reduce(coefficient) { value, _ in value * 10 }
    }

    private func names(_ keyword: String, _ value: JSONValue, of schema: Subschema) throws(SchemaError) -> [[UInt32]] {
        guard case .array(let items) = value else { throw schema.error(keyword, "expected an array of strings") }
        var names: [[UInt32]] = []
        for item in items {
            guard case .string(let text) = item else { throw schema.error(keyword, "expected an array of strings") }
            names.append(text.unicodeScalars.map(\.value))
        }
        return names
    }

    private mutating func pattern(_ keyword: String, _ text: String, of schema: Subschema) throws(SchemaError) -> Int {
        if let number = patternNumbers[text] { return number }
        do { patterns.append(try PatternTexts(text.unicodeScalars.map(\.value), limits: limits)) } catch {
            throw schema.error(keyword, "the pattern \(text) has \(error.reason)")
        }
        patternNumbers[text] = patterns.count - 1
        return patterns.count - 1
    }

    private mutating func read(_ keyword: String, _ value: JSONValue, of whole: JSONValue, into schema: inout Subschema) throws(SchemaError) {
        func add(_ assertion: Subschema.Assertion) { schema.assertions.append((keyword, assertion)) }
        switch keyword {
        case "type": add(try kinds(value, of: schema))
        case "enum":
            guard case .array(let items) = value else { throw schema.error(keyword, "expected an array") }
            add(.values(try items.map { value throws(SchemaError) in try datum(keyword, value, of: schema) }))
        case "const": add(.values([try datum(keyword, value, of: schema)]))
        case "minimum":
            add(.minimum(try decimal(keyword, value, of: schema), isOpen: whole["exclusiveMinimum"] == .bool(true)))
        case "maximum":
            add(.maximum(try decimal(keyword, value, of: schema), isOpen: whole["exclusiveMaximum"] == .bool(true)))
        case "exclusiveMinimum", "exclusiveMaximum":
            if case .bool = value { return }
            let bound = try decimal(keyword, value, of: schema)
            add(keyword == "exclusiveMinimum" ? .minimum(bound, isOpen: true) : .maximum(bound, isOpen: true))
        case "multipleOf":
            let divisor = try decimal(keyword, value, of: schema)
            guard !divisor.isZero, !divisor.isNegative else { throw schema.error(keyword, "expected a number above zero") }
            add(.multipleOf(divisor))
        case "minLength": add(.minLength(try size(keyword, value, of: schema)))
        case "maxLength": add(.maxLength(try size(keyword, value, of: schema)))
        case "pattern":
            guard case .string(let text) = value else { throw schema.error(keyword, "expected a string") }
            add(.pattern(try pattern(keyword, text, of: schema)))
        case "minItems": add(.minItems(try size(keyword, value, of: schema)))
        case "maxItems": add(.maxItems(try size(keyword, value, of: schema)))
        case "uniqueItems":
            guard case .bool(let isUnique) = value else { throw schema.error(keyword, "expected true or false") }
            if isUnique { add(.uniqueItems) }
        case "contains":
            let least = try whole["minContains"].map { value throws(SchemaError) in try size("minContains", value, of: schema) } ?? 1
            let most = try whole["maxContains"].map { value throws(SchemaError) in try size("maxContains", value, of: schema) }
            add(.contains(child(value, keyword, of: schema), least: least, most: most))
        case "required":
            if case .bool = value { throw schema.error(keyword, "expected an array of strings (true and false are of draft 3)") }
            add(.required(try names(keyword, value, of: schema)))
        case "minProperties": add(.minProperties(try size(keyword, value, of: schema)))
        case "maxProperties": add(.maxProperties(try size(keyword, value, of: schema)))
        case "propertyNames": add(.propertyNames(child(value, keyword, of: schema)))
        case "dependentRequired", "dependentSchemas", "dependencies": try readDependencies(keyword, value, into: &schema)
        case "allOf": add(.all(try children(keyword, value, of: schema)))
        case "anyOf": add(.any(try children(keyword, value, of: schema)))
        case "oneOf": add(.one(try children(keyword, value, of: schema)))
        case "not": add(.not(child(value, keyword, of: schema)))
        case "if":
            let then = whole["then"].map { child($0, "then", of: schema) }
            let otherwise = whole["else"].map { child($0, "else", of: schema) }
            if then != nil || otherwise != nil { add(.condition(child(value, keyword, of: schema), then: then, else: otherwise)) }
        case "$ref":
            guard case .string(let text) = value else { throw schema.error(keyword, "expected a string") }
            add(.reference(try target(of: text, keyword: keyword, in: schema)))
        case "$dynamicRef":
            guard case .string(let text) = value else { throw schema.error(keyword, "expected a string") }
            guard (dynamicAnchors[text]?.count ?? 0) <= 1 else { throw schema.error(keyword, "several schemas have this dynamic anchor") }
            add(.reference(try target(of: text, keyword: keyword, in: schema)))
        case "$recursiveRef": throw schema.error(keyword, "not supported; write $ref")
        case "unevaluatedItems": if value != .bool(true) { throw schema.error(keyword, "not supported; write items") }
        default: return
        }
    }

    private func datum(_ keyword: String, _ value: JSONValue, of schema: Subschema) throws(SchemaError) -> Datum {
        switch value {
        case .number: return .number(try decimal(keyword, value, of: schema))
        case .array(let items): return .array(try items.map { value throws(SchemaError) in try datum(keyword, value, of: schema) })
        case .object(let members):
            for member in members { _ = try datum(keyword, member.value, of: schema) }
            return Datum(value)
        default: return Datum(value)
        }
    }

    private func kinds(_ value: JSONValue, of schema: Subschema) throws(SchemaError) -> Subschema.Assertion {
        let names = value.stringValue.map { [JSONValue.string($0)] } ?? value.arrayValue ?? []
        guard !names.isEmpty else { throw schema.error("type", "expected the name of a type or an array of them") }
        var (kinds, integers) = (Kinds(), false)
        for name in names {
            switch name.stringValue {
            case "null": kinds.insert(.null)
            case "boolean": kinds.formUnion([.yes, .no])
            case "number": kinds.insert(.number)
            case "integer": integers = true
            case "string": kinds.insert(.text)
            case "array": kinds.insert(.array)
            case "object": kinds.insert(.object)
            default: throw schema.error("type", "expected null, boolean, number, integer, string, array or object, found \(name.text)")
            }
        }
        let onlyIntegers = integers && !kinds.contains(.number)
        if integers { kinds.insert(.number) }
        return .kinds(kinds, integers: onlyIntegers)
    }

    private mutating func readDependencies(_ keyword: String, _ value: JSONValue, into schema: inout Subschema) throws(SchemaError) {
        guard case .object(let members) = value else { throw schema.error(keyword, "expected an object") }
        for member in members {
            let name = member.name.unicodeScalars.map(\.value)
            if case .array = member.value, keyword != "dependentSchemas" {
                schema.assertions.append((keyword, .dependentRequired(name, try names(keyword, member.value, of: schema))))
            } else if keyword == "dependentRequired" {
                throw schema.error(keyword, "expected an array of strings")
            } else {
                let child = child(member.value, "\(keyword)/\(Self.escaped(member.name))", of: schema)
                schema.assertions.append((keyword, .dependentSchema(name, child)))
            }
        }
    }

    private mutating func readMembers(of value: JSONValue, into schema: inout Subschema) throws(SchemaError) {
        var names: [[UInt32]: Int] = [:]
        var patterned: [(pattern: Int, schema: Int)] = []
        if let properties = value["properties"] {
            guard case .object(let members) = properties else { throw schema.error("properties", "expected an object") }
            for member in members { names[member.name.unicodeScalars.map(\.value)] = child(member.value, "properties/" + Self.escaped(member.name), of: schema) }
        }
        if let properties = value["patternProperties"] {
            guard case .object(let members) = properties else { throw schema.error("patternProperties", "expected an object") }
            for member in members {
                let number = try pattern("patternProperties", member.name, of: schema)
                patterned.append((number, child(member.value, "patternProperties/" + Self.escaped(member.name), of: schema)))
            }
        }
        let rest = value["additionalProperties"].map { child($0, "additionalProperties", of: schema) }
        if !names.isEmpty || !patterned.isEmpty || rest != nil {
            let keyword = !names.isEmpty ? "properties" : rest != nil ? "additionalProperties" : "patternProperties"
            schema.assertions.append((keyword, .members(names: names, patterns: patterned, rest: rest)))
        }
        if let unevaluated = value["unevaluatedProperties"], unevaluated != .bool(true) {
            // Without schemas beside it that could evaluate something, it says what additionalProperties says.
            let applicators = ["allOf", "anyOf", "oneOf", "if", "$ref", "$dynamicRef", "dependentSchemas", "dependencies"]
            for keyword in applicators where value[keyword] != nil { throw schema.error("unevaluatedProperties", "not supported beside \(keyword)") }
            if rest == nil {
                schema.assertions.append(
                    ("unevaluatedProperties", .members(names: names, patterns: patterned, rest: child(unevaluated, "unevaluatedProperties", of: schema))))
            }
        }
    }

    private mutating func readItems(of value: JSONValue, into schema: inout Subschema) throws(SchemaError) {
        var prefix: [Int] = []
        var rest: Int?
        if let items = value["prefixItems"] { prefix = try children("prefixItems", items, of: schema) }
        if let items = value["items"] {
            if case .array(let list) = items {
                if prefix.isEmpty { prefix = list.enumerated().map { child($0.element, "items/\($0.offset)", of: schema) } }
                rest = value["additionalItems"].map { child($0, "additionalItems", of: schema) }
            } else {
                rest = child(items, "items", of: schema)
            }
        }
        if !prefix.isEmpty || rest != nil { schema.assertions.append(("items", .items(prefix: prefix, rest: rest))) }
    }
}
