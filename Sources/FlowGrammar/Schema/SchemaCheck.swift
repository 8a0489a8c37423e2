/// Whether a value satisfies schemas, asked of enumerated values and of keys.
struct SchemaCheck {
    let schemas: [Subschema]
    let patterns: [PatternTexts]

    func holds(_ index: Int, _ value: Datum) -> Bool { schemas[index].assertions.allSatisfy { holds($0.assertion, value) } }

    func holds(_ assertion: Subschema.Assertion, _ value: Datum) -> Bool {
        switch (assertion, value) {
        case (.never, _): return false
        case (.kinds(let kinds, let integers), _):
            if case .number(let number) = value { return kinds.contains(.number) && (!integers || number.isMultiple(of: .one)) }
            return kinds.contains(value.kind)
        case (.values(let values), _): return values.contains(value)
        case (.minimum(let bound, let isOpen), .number(let number)): return isOpen ? number > bound : number >= bound
        case (.maximum(let bound, let isOpen), .number(let number)): return isOpen ? number < bound : number <= bound
        case (.multipleOf(let divisor), .number(let number)): return number.isMultiple(of: divisor)
        case (.minLength(let least), .text(let text)): return text.count >= least
        case (.maxLength(let most), .text(let text)): return text.count <= most
        case (.pattern(let pattern), .text(let text)): return patterns[pattern].matches(text)
        case (.items(let prefix, let rest), .array(let items)):
            return items.enumerated().allSatisfy { index, item in index < prefix.count ? holds(prefix[index], item) : rest.map { holds($0, item) } ?? true }
        case (.minItems(let least), .array(let items)): return items.count >= least
        case (.maxItems(let most), .array(let items)): return items.count <= most
        case (.contains(let schema, let least, let most), .array(let items)):
            let count = items.count { holds(schema, $0) }
            return count >= least && most.map { count <= $0 } ?? true
        case (.uniqueItems, .array(let items)): return Set(items).count == items.count
        case (.required(let names), .object(let members)): return names.allSatisfy { members[$0] != nil }
        case (.minProperties(let least), .object(let members)): return members.count >= least
        case (.maxProperties(let most), .object(let members)): return members.count <= most
        case (.propertyNames(let schema), .object(let members)): return members.keys.allSatisfy { holds(schema, .text($0)) }
        case (.dependentRequired(let name, let names), .object(let members)):
            return members[name] == nil || names.allSatisfy { members[$0] != nil }
        case (.dependentSchema(let name, let schema), .object(let members)): return members[name] == nil || holds(schema, value)
        case (.members(let names, let patterned, let rest), .object(let members)):
            return members.allSatisfy { name, member in
                let own = (names[name].map { [$0] } ?? []) + patterned.filter { patterns[$0.pattern].matches(name) }.map(\.schema)
                return own.isEmpty ? rest.map { holds($0, member) } ?? true : own.allSatisfy { holds($0, member) }
            }
        case (.all(let schemas), _): return schemas.allSatisfy { holds($0, value) }
        case (.any(let schemas), _): return schemas.contains { holds($0, value) }
        case (.one(let schemas), _): return schemas.count { holds($0, value) } == 1
        case (.not(let schema), _): return !holds(schema, value)
        case (.condition(let condition, let then, let otherwise), _):
            return (holds(condition, value) ? then : otherwise).map { holds($0, value) } ?? true
        case (.reference(let schema), _): return holds(schema, value)
        default: return true
        }
    }
}

extension Datum {
    var kind: Kinds {
        switch self {
        case .null: .null
        case .bool(let value): value ? .yes : .no
        case .number: .number
        case .text: .text
        case .array: .array
        case .object: .object
        }
    }
}
