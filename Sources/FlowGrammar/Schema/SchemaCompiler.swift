import FlowJSON

/// Makes of a schema the forms of all values that it speaks of: goals, each a set of schemas that one value has to satisfy.
struct SchemaCompiler {
    private let reader: SchemaReader
    private let limits: GrammarLimits
    private let never: Literal
    private let schemas: [Subschema]
    private var data: [Datum] = []
    private var dataNumbers: [Datum: Int] = [:]
    private var goals: [[Literal]: Int] = [:]
    private var order: [[Literal]] = []
    private var forms: [[ValueForm]] = []
    private var uniquePlaces: [ObjectIdentifier: (Subschema, String)] = [:]
    private var textForms: [[Literal]: [TextAutomaton]] = [:]
    private var work = 0

    static func compile(_ document: JSONValue, limits: GrammarLimits) throws(SchemaError) -> ValueGrammar {
        let reader = try SchemaReader.read(document, limits: limits)
        var compiler = SchemaCompiler(reader: reader, limits: limits)
        _ = compiler.goal([.schema(0, holds: true)])
        var next = 0
        while next < compiler.order.count {
            let forms = try compiler.forms(of: compiler.order[next])
            compiler.forms.append(forms)
            next += 1
            guard compiler.order.count <= limits.goals, compiler.work < 4_000_000 else {
                throw SchemaError(keyword: "schema", place: "", reason: "more than \(limits.goals) combinations of schemas for its values")
            }
        }
        return try compiler.finished()
    }

    private init(reader: SchemaReader, limits: GrammarLimits) {
        (self.reader, self.limits) = (reader, limits)
        var schemas = reader.schemas
        never = .schema(schemas.count, holds: true)
        schemas.append(Subschema(place: "", assertions: [("false", .never)]))
        self.schemas = schemas
    }

    private mutating func goal(_ literals: [Literal]) -> Int {
        let key = Set(literals).sorted()
        if let known = goals[key] { return known }
        goals[key] = order.count
        order.append(key)
        return order.count - 1
    }

    private mutating func number(_ value: Datum) -> Int {
        if let known = dataNumbers[value] { return known }
        dataNumbers[value] = data.count
        data.append(value)
        return data.count - 1
    }

    private mutating func conjunctions(of literals: [Literal]) throws(SchemaError) -> [Conjunction] {
        let values = ValueNumbers(data: data, numbers: dataNumbers)
        var expansion = Expansion(
            schemas: schemas, patterns: reader.patterns, never: never, limits: limits, data: { values.data[$0] }, number: { values.number($0) })
        let found = try expansion.conjunctions(of: literals)
        (data, dataNumbers) = (values.data, values.numbers)
        work += found.count
        return found
    }

    private mutating func forms(of literals: [Literal]) throws(SchemaError) -> [ValueForm] {
        var forms: [ValueForm] = []
        var words: Set<[UInt32]> = []
        for part in try conjunctions(of: literals) {
            if let values = part.values {
                for value in values {
                    switch value {
                    case .text(let text): words.insert(text)
                    default: forms.append(form(of: value))
                    }
                }
            } else {
                forms += try self.forms(of: part, literals)
            }
        }
        if !words.isEmpty { forms.append(.text(try automaton([.words(words)], 0, nil, literals))) }
        return forms
    }

    /// A value itself as a form.
    private mutating func form(of value: Datum) -> ValueForm {
        switch value {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(let number): return .number(.only(number))
        case .text: return .null
        case .array(let items):
            let prefix = items.map { [ArrayForm.Option(goal: goal([.value(number($0), holds: true)]), counts: false)] }
            return .array(ArrayForm(prefix: prefix, rest: [], least: items.count, most: items.count, leastCounted: 0, mostCounted: nil, isUnique: false))
        case .object(let members):
            var goals: [[UInt32]: Int] = [:]
            for (name, value) in members { goals[name] = goal([.value(number(value), holds: true)]) }
            return .object(ObjectForm(goals: goals, others: [], required: Set(members.keys), least: members.count, most: members.count))
        }
    }

    private func place(_ literals: [Literal]) -> String {
        literals.compactMap { if case .schema(let index, _) = $0 { schemas[index].place } else { nil } }.max { $0.utf8.count < $1.utf8.count } ?? ""
    }

    private func automaton(_ tables: [TextTable], _ least: Int, _ most: Int?, _ literals: [Literal]) throws(SchemaError) -> TextAutomaton {
        do { return try TextAutomaton(table: .intersection(tables, limits: limits), least: least, most: most, limits: limits) } catch {
            throw SchemaError(keyword: "pattern", place: place(literals), reason: error.reason)
        }
    }

    private func text(of part: Conjunction, _ literals: [Literal]) throws(SchemaError) -> TextAutomaton? {
        let out = part.notTexts.isEmpty ? [] : [TextTable.words(part.notTexts).complement]
        if part.texts.isEmpty, out.isEmpty, part.minLength == 0, part.maxLength == nil { return .free }
        let automaton = try automaton(part.texts + out, part.minLength, part.maxLength, literals)
        return automaton.isEmpty ? nil : automaton
    }

    private mutating func forms(of part: Conjunction, _ literals: [Literal]) throws(SchemaError) -> [ValueForm] {
        var forms: [ValueForm] = []
        if part.kinds.contains(.null) { forms.append(.null) }
        if part.kinds.contains(.yes) { forms.append(.bool(true)) }
        if part.kinds.contains(.no) { forms.append(.bool(false)) }
        if part.kinds.contains(.number), !part.numbers.isEmpty {
            guard part.numbers.notMultiples.count <= 4 else {
                throw SchemaError(keyword: "multipleOf", place: place(literals), reason: "more than four of them have to fail at once")
            }
            forms.append(.number(part.numbers))
        }
        if part.kinds.contains(.text), let text = try text(of: part, literals) { forms.append(.text(text)) }
        if part.kinds.contains(.array) { forms.append(.array(try array(of: part))) }
        if part.kinds.contains(.object), let object = try object(of: part, literals) { forms.append(.object(object)) }
        return forms
    }

    // MARK: - Arrays

    private mutating func array(of part: Conjunction) throws(SchemaError) -> ArrayForm {
        guard part.contains.count <= 1 else {
            let (schema, keyword) = part.contains[1].place
            throw schema.error(keyword, "a second contains for the same array (or an items that has to fail) is not supported")
        }
        let contains = part.contains.first
        let length = max(part.items.map(\.prefix.count).max() ?? 0, contains?.from ?? 0)
        guard length <= 10_000 else { throw SchemaError(keyword: "prefixItems", place: "", reason: "more than 10000 items") }
        var prefix: [[ArrayForm.Option]] = []
        for index in 0..<min(length, part.maxItems ?? length) {
            let base = part.items.flatMap { index < $0.prefix.count ? $0.prefix[index] : $0.rest }
            prefix.append(options(base, index >= contains?.from ?? 0 ? contains : nil))
        }
        let form = ArrayForm(
            prefix: prefix, rest: part.maxItems.map { $0 <= prefix.count } ?? false ? [] : options(part.items.flatMap(\.rest), contains),
            least: part.minItems, most: part.maxItems, leastCounted: contains?.least ?? 0, mostCounted: contains?.most, isUnique: part.isUnique)
        if let place = part.uniquePlace { uniquePlaces[ObjectIdentifier(form)] = place }
        return form
    }

    private mutating func options(_ base: [Literal], _ contains: Conjunction.Contains?) -> [ArrayForm.Option] {
        guard let contains else { return [.init(goal: goal(base), counts: false)] }
        // The contrary of several literals does not occur: contains has one schema.
        return [
            .init(goal: goal(base + contains.literals), counts: true),
            .init(goal: goal(base + contains.literals.map(\.contrary)), counts: false),
        ]
    }

    // MARK: - Objects

    private mutating func object(of part: Conjunction, _ literals: [Literal]) throws(SchemaError) -> ObjectForm? {
        let check = SchemaCheck(schemas: schemas, patterns: reader.patterns)
        var goals: [[UInt32]: Int] = [:]
        for name in part.members.reduce(into: part.required, { $0.formUnion($1.names.keys) }) {
            let isName = part.propertyNames.allSatisfy { literal in
                if case .schema(let index, let holds) = literal { check.holds(index, .text(name)) == holds } else { true }
            }
            guard isName else {
                if part.required.contains(name) { return nil }
                continue
            }
            goals[name] = goal(part.members.flatMap { $0.literals(for: name, reader.patterns) })
        }
        var others: [ObjectForm.Others] = []
        let patterns = Set(part.members.flatMap { $0.patterns.map(\.pattern) }).sorted()
        guard patterns.count <= 8 else {
            throw SchemaError(keyword: "patternProperties", place: place(literals), reason: "more than eight patterns for the keys of one object")
        }
        let declared = part.members.reduce(into: part.required) { $0.formUnion($1.names.keys) }
        let keys = try keys(part.propertyNames, literals)
        for choice in 0..<(1 << patterns.count) {
            let chosen = Set(patterns.enumerated().filter { choice >> $0.offset & 1 == 1 }.map(\.element))
            let value = part.members.flatMap { $0.literals(forPatterns: chosen) }
            guard !value.contains(never), !value.contains(where: isNever) else { continue }
            var tables = declared.isEmpty ? [] : [TextTable.words(declared).complement]
            var (least, most) = (0, Int?.none)
            for pattern in patterns {
                let texts = reader.patterns[pattern]
                if chosen.contains(pattern) {
                    tables.append(texts.table)
                    least = max(least, texts.least)
                    if let end = texts.most { most = min(most ?? end, end) }
                } else {
                    guard texts.least == 0, texts.most == nil else {
                        throw SchemaError(keyword: "patternProperties", place: place(literals), reason: "a repetition of more than 16 times is not supported here")
                    }
                    tables.append(texts.table.complement)
                }
            }
            for key in keys {
                let end = [most, key.most].compactMap { $0 }.min()
                let automaton = try automaton(tables + (key.isFree ? [] : [key.table]), max(least, key.least), end, literals)
                guard automaton.least <= 10_000 else { throw SchemaError(keyword: "propertyNames", place: place(literals), reason: "keys of more than 10000 characters") }
                if !automaton.isEmpty { others.append(.init(keys: automaton.isFree ? .free : automaton, goal: goal(value))) }
            }
        }
        return ObjectForm(goals: goals, others: others, required: part.required, least: part.minProperties, most: part.maxProperties)
    }

    private func isNever(_ literal: Literal) -> Bool {
        if case .schema(let index, true) = literal, case .never? = schemas[index].assertions.first?.assertion { true } else { false }
    }

    /// The texts that may be keys.
    private mutating func keys(_ literals: [Literal], _ outer: [Literal]) throws(SchemaError) -> [TextAutomaton] {
        guard !literals.isEmpty else { return [.free] }
        let key = Set(literals).sorted()
        if let known = textForms[key] { return known }
        var found: [TextAutomaton] = []
        var words: Set<[UInt32]> = []
        for part in try conjunctions(of: key) {
            if let values = part.values {
                for case .text(let text) in values { words.insert(text) }
            } else if part.kinds.contains(.text), let text = try text(of: part, outer) {
                found.append(text)
            }
        }
        if !words.isEmpty { found.append(try automaton([.words(words)], 0, nil, outer)) }
        textForms[key] = found
        return found
    }

    // MARK: - What can be satisfied at all

    private mutating func finished() throws(SchemaError) -> ValueGrammar {
        var heights = [Int?](repeating: nil, count: order.count)
        var (height, changed) = (0, true)
        while changed {
            changed = false
            var reached: [Int] = []
            for goal in heights.indices where heights[goal] == nil {
                if forms[goal].contains(where: { isFeasible($0, height: height, heights) }) { reached.append(goal) }
            }
            for goal in reached { heights[goal] = height }
            // A height above the depth that documents may have is of no use.
            changed = (!reached.isEmpty || height == 0) && height <= limits.depth
            height += 1
        }
        guard let first = heights[0], first <= limits.depth else { return ValueGrammar(forms: [[]], heights: [nil], limits: limits, hasUnique: false) }
        var hasUnique = false
        for goal in forms.indices {
            forms[goal] = try forms[goal].map { form throws(SchemaError) in
                guard case .array(let array) = form, array.isUnique else { return form }
                hasUnique = true
                return .array(try counted(array, heights))
            }
        }
        // Counting different items may have taken forms away: once more.
        if hasUnique {
            heights = heights.map { _ in nil }
            for height in 0...limits.depth {
                let reached = heights.indices.filter { goal in heights[goal] == nil && forms[goal].contains { isFeasible($0, height: height, heights) } }
                for goal in reached { heights[goal] = height }
                if reached.isEmpty, height > 0 { break }
            }
        }
        return ValueGrammar(forms: forms, heights: heights, limits: limits, hasUnique: hasUnique)
    }

    private func isFeasible(_ form: ValueForm, height: Int, _ heights: [Int?]) -> Bool {
        let allowed = { (goal: Int) in heights[goal].map { $0 < height } ?? false }
        switch form {
        case .null, .bool, .number, .text: return true
        case .array(let form): return height > 0 && form.isFeasible(count: 0, counted: 0, allowed: allowed)
        case .object(let form): return height > 0 && form.isFeasible(allowed: allowed)
        }
    }

    /// The form of an array of unique items with the numbers of different values that its items have.
    private func counted(_ form: ArrayForm, _ heights: [Int?]) throws(SchemaError) -> ArrayForm {
        let (schema, keyword) = uniquePlaces[ObjectIdentifier(form)] ?? (schemas[0], "uniqueItems")
        func distinct(_ counts: Bool, _ options: [ArrayForm.Option]) throws(SchemaError) -> Int? {
            let goals = options.filter { $0.counts == counts && heights[$0.goal] != nil }.map(\.goal)
            guard let goal = goals.first else { return 0 }
            return try self.distinct(goal, heights, schema, keyword)
        }
        for options in form.prefix {
            guard try distinct(true, options) ?? Int.max > limits.uniqueItems || !options.contains(where: \.counts),
                try distinct(false, options) ?? Int.max > limits.uniqueItems || !options.contains(where: { !$0.counts })
            else { throw schema.error(keyword, "not supported beside prefixItems of few values") }
        }
        let counted = try distinct(true, form.rest)
        let other = try distinct(false, form.rest)
        if !form.prefix.isEmpty, (counted ?? Int.max) < Int.max || (other ?? Int.max) < Int.max, !form.rest.isEmpty {
            if (counted ?? 0) > 0 || (other ?? 0) > 0 { throw schema.error(keyword, "not supported beside prefixItems and items of few values") }
        }
        guard form.least <= limits.uniqueItems else { throw schema.error(keyword, "minItems above \(limits.uniqueItems)") }
        return ArrayForm(
            prefix: form.prefix, rest: form.rest, least: form.least, most: min(form.most ?? Int.max, limits.uniqueItems), leastCounted: form.leastCounted,
            mostCounted: form.mostCounted, isUnique: true, distinct: (counted, other))
    }

    /// How many different values a goal has; nil where they are without end, or more than are ever compared.
    private func distinct(_ goal: Int, _ heights: [Int?], _ schema: Subschema, _ keyword: String) throws(SchemaError) -> Int? {
        var values = Set<Datum>()
        for form in forms[goal] {
            switch form {
            case .null: values.insert(.null)
            case .bool(let value): values.insert(.bool(value))
            case .number(let set):
                guard let members = set.members(limit: 2 * limits.uniqueItems) else { return nil }
                values.formUnion(members.map { .number($0) })
            case .text(let automaton):
                guard let members = automaton.members(limit: 2 * limits.uniqueItems) else { return nil }
                values.formUnion(members.map { .text($0) })
            case .array(let form):
                guard form.most == nil, form.rest.contains(where: { !$0.counts && heights[$0.goal] == 0 }) else {
                    throw schema.error(keyword, "not supported for items that are arrays of bounded length")
                }
                return nil
            case .object(let form):
                guard form.most == nil, form.others.contains(where: { heights[$0.goal] == 0 && $0.keys.count(from: 0, length: 0, limit: 4_096) == 4_096 }) else {
                    throw schema.error(keyword, "not supported for items that are objects without further members")
                }
                return nil
            }
        }
        return values.count > 2 * limits.uniqueItems ? nil : values.count
    }
}

/// The values of a document and their numbers, while a schema is taken apart.
private final class ValueNumbers {
    var data: [Datum]
    var numbers: [Datum: Int]

    init(data: [Datum], numbers: [Datum: Int]) { (self.data, self.numbers) = (data, numbers) }

    func number(_ value: Datum) -> Int {
        if let known = numbers[value] { return known }
        numbers[value] = data.count
        data.append(value)
        return data.count - 1
    }
}

extension Conjunction.Members {
    fileprivate func literals(for name: [UInt32], _ texts: [PatternTexts]) -> [Literal] {
        let own = (names[name] ?? []) + patterns.filter { texts[$0.pattern].matches(name) }.flatMap(\.literals)
        return names[name] == nil && own.isEmpty ? rest : own
    }

    fileprivate func literals(forPatterns chosen: Set<Int>) -> [Literal] {
        let own = patterns.filter { chosen.contains($0.pattern) }
        return own.isEmpty ? rest : own.flatMap(\.literals)
    }
}
