/// What a value has to be at once, while schemas are being taken apart: bounds are met, parts of objects and arrays are collected.
struct Conjunction {
    struct Items {
        var prefix: [[Literal]]
        var rest: [Literal]
    }
    struct Members {
        var names: [[UInt32]: [Literal]]
        var patterns: [(pattern: Int, literals: [Literal])] = []
        var rest: [Literal] = []
    }
    struct Contains {
        var literals: [Literal]
        var least: Int
        var most: Int?
        /// Items before this one are not looked at.
        var from: Int
        var place: (Subschema, String)
    }

    var kinds = Kinds.all
    var numbers = NumberSet.all
    var texts: [TextTable] = []
    var minLength = 0
    var maxLength: Int?
    /// Texts that are taken out.
    var notTexts: Set<[UInt32]> = []
    var values: [Datum]?
    var items: [Items] = []
    var minItems = 0
    var maxItems: Int?
    var contains: [Contains] = []
    var isUnique = false
    var uniquePlace: (Subschema, String)?
    var members: [Members] = []
    var required: Set<[UInt32]> = []
    var minProperties = 0
    var maxProperties: Int?
    var propertyNames: [Literal] = []
    var done: Set<Literal> = []

    mutating func cutLength(to most: Int) { maxLength = min(maxLength ?? most, most) }
    mutating func cutItems(to most: Int) { maxItems = min(maxItems ?? most, most) }
    mutating func cutProperties(to most: Int) { maxProperties = min(maxProperties ?? most, most) }

    /// Objects without this key.
    mutating func forbid(_ name: [UInt32], never: Literal) { members.append(Members(names: [name: [never]])) }

    /// Drops kinds that have become impossible, so that fewer ways are followed.
    mutating func narrow() {
        if numbers.isEmpty { kinds.remove(.number) }
        if minLength > maxLength ?? Int.max { kinds.remove(.text) }
        if minItems > maxItems ?? Int.max { kinds.remove(.array) }
        if max(minProperties, required.count) > maxProperties ?? Int.max { kinds.remove(.object) }
    }
}
