/// Takes schemas apart into the conjunctions of which a value must satisfy one (a tableau, Smullyan 1968).
struct Expansion {
    /// One of several ways: further literals, and what it does to the conjunction.
    struct Way {
        var literals: [Literal] = []
        var change: ((inout Conjunction) -> Void)?
    }

    let schemas: [Subschema]
    let patterns: [PatternTexts]
    let data: (Int) -> Datum
    /// The number of a value of the document.
    let number: (Datum) -> Int
    let never: Literal
    let limits: GrammarLimits
    private var found: [Conjunction] = []
    private var steps = 0

    init(
        schemas: [Subschema], patterns: [PatternTexts], never: Literal, limits: GrammarLimits, data: @escaping (Int) -> Datum,
        number: @escaping (Datum) -> Int
    ) {
        (self.schemas, self.patterns, self.never, self.limits, self.data, self.number) = (schemas, patterns, never, limits, data, number)
    }

    mutating func conjunctions(of literals: [Literal]) throws(SchemaError) -> [Conjunction] {
        try expand(Conjunction(), literals, [])
        return found
    }

    private var check: SchemaCheck { SchemaCheck(schemas: schemas, patterns: patterns) }

    private mutating func expand(_ start: Conjunction, _ literals: [Literal], _ branches: [[Way]]) throws(SchemaError) {
        steps += 1
        guard steps + found.count < limits.alternatives else {
            throw SchemaError(keyword: "anyOf", place: place(of: start), reason: "more than \(limits.alternatives) combinations of allOf, anyOf, oneOf, not and if")
        }
        var (part, open, ways) = (start, literals, branches)
        while let literal = open.popLast() {
            guard !part.done.contains(literal.contrary) else { return }
            guard part.done.insert(literal).inserted else { continue }
            switch literal {
            case .value(let index, true): keep([data(index)], in: &part)
            case .value(let index, false):
                guard let more = exclude([data(index)], from: &part) else { return }
                ways += more
            case .schema(let index, true):
                for entry in schemas[index].assertions { try assert(entry, of: schemas[index], &part, &open, &ways) }
            case .schema(let index, false):
                guard let way = try contrary(of: schemas[index]) else { return }
                ways.append(way)
            }
            part.narrow()
            guard !part.kinds.isEmpty else { return }
        }
        if let values = part.values {
            part.values = values.filter { value in part.kinds.contains(value.kind) && part.done.allSatisfy { holds($0, value) } }
            if part.values?.isEmpty == false { found.append(part) }
            return
        }
        // The fewest ways first.
        guard let next = ways.indices.min(by: { ways[$0].count < ways[$1].count }) else { return found.append(part) }
        let chosen = ways.remove(at: next)
        for way in chosen {
            var branch = part
            way.change?(&branch)
            branch.narrow()
            if !branch.kinds.isEmpty { try expand(branch, way.literals, ways) }
        }
    }

    private func place(of part: Conjunction) -> String {
        part.done.compactMap { if case .schema(let index, _) = $0 { schemas[index].place } else { nil } }.min() ?? ""
    }

    private func holds(_ literal: Literal, _ value: Datum) -> Bool {
        switch literal {
        case .value(let index, let holds): (data(index) == value) == holds
        case .schema(let index, let holds): check.holds(index, value) == holds
        }
    }

    private func keep(_ values: [Datum], in part: inout Conjunction) {
        let wanted = Set(values)
        part.values = part.values.map { $0.filter(wanted.contains) } ?? Array(wanted)
    }

    /// Takes values out; for arrays and objects these are ways to differ.
    private func exclude(_ values: [Datum], from part: inout Conjunction) -> [[Way]]? {
        var ways: [[Way]] = []
        for value in values {
            switch value {
            case .null, .bool: part.kinds.remove(value.kind)
            case .number(let number): part.numbers.exclude(number)
            case .text(let text): part.notTexts.insert(text)
            case .array(let items): ways.append(differing(from: items))
            case .object(let members): ways.append(differing(from: members))
            }
        }
        return part.kinds.isEmpty ? nil : ways
    }

    private func differing(from items: [Datum]) -> [Way] {
        var ways = [Way { $0.kinds.remove(.array) }, Way { $0.only(.array); $0.minItems = max($0.minItems, items.count + 1) }]
        if !items.isEmpty { ways.append(Way { $0.only(.array); $0.cutItems(to: items.count - 1) }) }
        for (index, item) in items.enumerated() {
            let literal = Literal.value(number(item), holds: false)
            ways.append(Way { $0.only(.array); $0.minItems = max($0.minItems, index + 1); $0.item(index, [literal]) })
        }
        return ways
    }

    private func differing(from members: [[UInt32]: Datum]) -> [Way] {
        let never = never
        var ways = [Way { $0.kinds.remove(.object) }, Way { $0.only(.object); $0.minProperties = max($0.minProperties, members.count + 1) }]
        for (name, member) in members.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let literal = Literal.value(number(member), holds: false)
            ways.append(Way { $0.only(.object); $0.forbid(name, never: never) })
            ways.append(Way { $0.only(.object); $0.required.insert(name); $0.members.append(.init(names: [name: [literal]])) })
        }
        return ways
    }

    private func positive(_ schemas: [Int]) -> [Literal] { schemas.map { .schema($0, holds: true) } }

    // MARK: - What a schema asserts

    private func assert(
        _ entry: (keyword: String, assertion: Subschema.Assertion), of schema: Subschema, _ part: inout Conjunction, _ open: inout [Literal],
        _ ways: inout [[Way]]
    ) throws(SchemaError) {
        let never = never
        switch entry.assertion {
        case .never: part.kinds = []
        case .kinds(let kinds, let integers):
            part.kinds.formIntersection(kinds)
            if integers { part.numbers.keepMultiples(of: .one) }
        case .values(let values): keep(values, in: &part)
        case .minimum(let bound, let isOpen): part.numbers.raise(to: bound, isOpen: isOpen)
        case .maximum(let bound, let isOpen): part.numbers.cut(at: bound, isOpen: isOpen)
        case .multipleOf(let divisor): part.numbers.keepMultiples(of: divisor)
        case .minLength(let least): part.minLength = max(part.minLength, least)
        case .maxLength(let most): part.cutLength(to: most)
        case .pattern(let pattern): part.keep(patterns[pattern])
        case .items(let prefix, let rest): part.items.append(.init(prefix: prefix.map { positive([$0]) }, rest: positive(rest.map { [$0] } ?? [])))
        case .minItems(let least): part.minItems = max(part.minItems, least)
        case .maxItems(let most): part.cutItems(to: most)
        case .contains(let inner, let least, let most):
            part.contains.append(.init(literals: positive([inner]), least: least, most: most, from: 0, place: (schema, entry.keyword)))
        case .uniqueItems: (part.isUnique, part.uniquePlace) = (true, (schema, entry.keyword))
        case .members(let names, let patterned, let rest):
            part.members.append(
                .init(
                    names: names.mapValues { positive([$0]) }, patterns: patterned.map { ($0.pattern, positive([$0.schema])) },
                    rest: positive(rest.map { [$0] } ?? [])))
        case .required(let names): part.required.formUnion(names)
        case .minProperties(let least): part.minProperties = max(part.minProperties, least)
        case .maxProperties(let most): part.cutProperties(to: most)
        case .propertyNames(let inner): part.propertyNames += positive([inner])
        case .dependentRequired(let name, let names):
            ways.append([Way { $0.forbid(name, never: never) }, Way { $0.only(.object); $0.required.formUnion([name] + names) }])
        case .dependentSchema(let name, let inner):
            ways.append([Way { $0.forbid(name, never: never) }, Way(literals: positive([inner])) { $0.only(.object); $0.required.insert(name) }])
        case .all(let inner): open += positive(inner)
        case .any(let inner): ways.append(inner.map { Way(literals: positive([$0])) })
        case .one(let inner): ways.append(inner.map { chosen in Way(literals: only(chosen, of: inner)) })
        case .not(let inner): open.append(.schema(inner, holds: false))
        case .condition(let condition, let then, let otherwise):
            ways.append([
                Way(literals: positive([condition]) + positive(then.map { [$0] } ?? [])),
                Way(literals: [.schema(condition, holds: false)] + positive(otherwise.map { [$0] } ?? [])),
            ])
        case .reference(let target): open += positive([target])
        }
    }

    private func only(_ chosen: Int, of schemas: [Int]) -> [Literal] {
        let disjointness = Disjointness(schemas: self.schemas)
        let others = schemas.enumerated().filter { $0.element != chosen && !disjointness.holds(chosen, $0.element) }.map(\.element)
        let repeated = schemas.count { $0 == chosen } > 1
        return [.schema(chosen, holds: true)] + others.map { .schema($0, holds: false) } + (repeated ? [.schema(chosen, holds: false)] : [])
    }

    // MARK: - And what it says when it does not hold

    /// The ways to break a schema; nil where it cannot be broken.
    private func contrary(of schema: Subschema) throws(SchemaError) -> [Way]? {
        var ways: [Way] = []
        for entry in schema.assertions { ways += try contrary(of: entry, in: schema) }
        return ways.isEmpty ? nil : ways
    }

    private func contrary(of entry: (keyword: String, assertion: Subschema.Assertion), in schema: Subschema) throws(SchemaError) -> [Way] {
        let never = never
        switch entry.assertion {
        case .never: return [Way()]
        case .kinds(let kinds, let integers):
            let others = Way { $0.kinds.subtract(kinds) }
            return integers ? [others, Way { $0.only(.number); $0.numbers.dropMultiples(of: .one) }] : [others]
        case .values(let values): return [Way(literals: values.map { .value(number($0), holds: false) })]
        case .minimum(let bound, let isOpen): return [Way { $0.only(.number); $0.numbers.cut(at: bound, isOpen: !isOpen) }]
        case .maximum(let bound, let isOpen): return [Way { $0.only(.number); $0.numbers.raise(to: bound, isOpen: !isOpen) }]
        case .multipleOf(let divisor): return [Way { $0.only(.number); $0.numbers.dropMultiples(of: divisor) }]
        case .minLength(let least): return least == 0 ? [] : [Way { $0.only(.text); $0.cutLength(to: least - 1) }]
        case .maxLength(let most): return [Way { $0.only(.text); $0.minLength = max($0.minLength, most + 1) }]
        case .pattern(let number):
            let pattern = patterns[number]
            var ways = [Way { $0.only(.text); $0.texts.append(pattern.table.complement) }]
            if pattern.least > 0 { ways.append(Way { $0.only(.text); $0.cutLength(to: pattern.least - 1) }) }
            if let most = pattern.most { ways.append(Way { $0.only(.text); $0.minLength = max($0.minLength, most + 1) }) }
            return ways
        case .items(let prefix, let rest):
            var ways: [Way] = []
            for (index, inner) in prefix.enumerated() {
                ways.append(Way { $0.only(.array); $0.minItems = max($0.minItems, index + 1); $0.item(index, [.schema(inner, holds: false)]) })
            }
            if let rest {
                ways.append(
                    Way {
                        $0.only(.array)
                        $0.contains.append(
                            .init(literals: [.schema(rest, holds: false)], least: 1, most: nil, from: prefix.count, place: (schema, entry.keyword)))
                    })
            }
            return ways
        case .minItems(let least): return least == 0 ? [] : [Way { $0.only(.array); $0.cutItems(to: least - 1) }]
        case .maxItems(let most): return [Way { $0.only(.array); $0.minItems = max($0.minItems, most + 1) }]
        case .contains(let inner, let least, let most):
            var ways: [Way] = []
            func counted(_ least: Int, _ most: Int?) -> Way {
                Way {
                    $0.only(.array)
                    $0.contains.append(.init(literals: [.schema(inner, holds: true)], least: least, most: most, from: 0, place: (schema, entry.keyword)))
                }
            }
            if least > 0 { ways.append(counted(0, least - 1)) }
            if let most { ways.append(counted(most + 1, nil)) }
            return ways
        case .members(let names, let patterned, let rest):
            guard patterned.isEmpty, rest.map({ isAnything($0) }) ?? true else {
                throw schema.error(entry.keyword, "not supported where the schema has to fail (under not, if, or beside another schema of oneOf that can hold as well)")
            }
            return names.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { name, inner in
                Way { $0.only(.object); $0.required.insert(name); $0.members.append(.init(names: [name: [.schema(inner, holds: false)]])) }
            }
        case .required(let names): return names.map { name in Way { $0.only(.object); $0.forbid(name, never: never) } }
        case .minProperties(let least): return least == 0 ? [] : [Way { $0.only(.object); $0.cutProperties(to: least - 1) }]
        case .maxProperties(let most): return [Way { $0.only(.object); $0.minProperties = max($0.minProperties, most + 1) }]
        case .uniqueItems, .propertyNames: throw schema.error(entry.keyword, "not supported where the schema has to fail (under not, oneOf or if)")
        case .dependentRequired(let name, let names):
            return names.map { other in Way { $0.only(.object); $0.required.insert(name); $0.forbid(other, never: never) } }
        case .dependentSchema(let name, let inner): return [Way(literals: [.schema(inner, holds: false)]) { $0.only(.object); $0.required.insert(name) }]
        case .all(let inner): return inner.map { Way(literals: [.schema($0, holds: false)]) }
        case .any(let inner): return [Way(literals: inner.map { .schema($0, holds: false) })]
        case .one(let inner):
            var ways = [Way(literals: inner.map { .schema($0, holds: false) })]
            for (index, first) in inner.enumerated() { for second in inner.dropFirst(index + 1) { ways.append(Way(literals: positive([first, second]))) } }
            return ways
        case .not(let inner): return [Way(literals: positive([inner]))]
        case .condition(let condition, let then, let otherwise):
            return (then.map { [Way(literals: positive([condition]) + [.schema($0, holds: false)])] } ?? [])
                + (otherwise.map { [Way(literals: [.schema(condition, holds: false), .schema($0, holds: false)])] } ?? [])
        case .reference(let target): return [Way(literals: [.schema(target, holds: false)])]
        }
    }

    private func isAnything(_ schema: Int) -> Bool { schemas[schema].assertions.isEmpty }
}

extension Expansion.Way {
    init(_ change: @escaping (inout Conjunction) -> Void) { self.init(literals: [], change: change) }
    init(literals: [Literal], _ change: @escaping (inout Conjunction) -> Void) { self.init(literals: literals, change: change) }
}

extension Conjunction {
    mutating func only(_ kinds: Kinds) { self.kinds.formIntersection(kinds) }

    mutating func keep(_ pattern: PatternTexts) {
        texts.append(pattern.table)
        minLength = max(minLength, pattern.least)
        if let most = pattern.most { cutLength(to: most) }
    }

    /// One item by its place.
    mutating func item(_ index: Int, _ literals: [Literal]) {
        items.append(.init(prefix: [[Literal]](repeating: [], count: index) + [literals], rest: []))
    }
}
