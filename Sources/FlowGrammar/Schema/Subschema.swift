/// The kinds of JSON value, with true and false apart.
struct Kinds: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    static let null = Kinds(rawValue: 1), no = Kinds(rawValue: 2), yes = Kinds(rawValue: 4), number = Kinds(rawValue: 8)
    static let text = Kinds(rawValue: 16), array = Kinds(rawValue: 32), object = Kinds(rawValue: 64)
    static let all = Kinds(rawValue: 127)
}

/// One schema of a document: what its keywords assert.
struct Subschema: Sendable {
    enum Assertion: Sendable {
        case never
        /// `integers`: of numbers only whole ones.
        case kinds(Kinds, integers: Bool)
        case values([Datum])
        case minimum(Decimal, isOpen: Bool)
        case maximum(Decimal, isOpen: Bool)
        case multipleOf(Decimal)
        case minLength(Int)
        case maxLength(Int)
        case pattern(Int)
        case items(prefix: [Int], rest: Int?)
        case minItems(Int)
        case maxItems(Int)
        case contains(Int, least: Int, most: Int?)
        case uniqueItems
        case members(names: [[UInt32]: Int], patterns: [(pattern: Int, schema: Int)], rest: Int?)
        case required([[UInt32]])
        case minProperties(Int)
        case maxProperties(Int)
        case propertyNames(Int)
        case dependentRequired([UInt32], [[UInt32]])
        case dependentSchema([UInt32], Int)
        case all([Int])
        case any([Int])
        case one([Int])
        case not(Int)
        case condition(Int, then: Int?, else: Int?)
        case reference(Int)
    }

    let place: String
    var assertions: [(keyword: String, assertion: Assertion)] = []

    func error(_ keyword: String, _ reason: String) -> SchemaError { SchemaError(keyword: keyword, place: place, reason: reason) }
}

/// The texts in which a pattern is found, with bounds of length that were taken out of it.
struct PatternTexts: Sendable {
    let table: TextTable
    var least = 0
    var most: Int?

    func matches(_ text: [UInt32]) -> Bool { table.matches(text) && text.count >= least && most.map { text.count <= $0 } ?? true }
}
