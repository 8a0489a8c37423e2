/// One thing that a value has to satisfy: a schema or a value of the document, or their contrary.
enum Literal: Hashable, Sendable, Comparable {
    case schema(Int, holds: Bool)
    case value(Int, holds: Bool)

    var contrary: Literal {
        switch self {
        case .schema(let index, let holds): .schema(index, holds: !holds)
        case .value(let index, let holds): .value(index, holds: !holds)
        }
    }

    private var order: (Int, Int, Int) {
        switch self {
        case .schema(let index, let holds): (0, index, holds ? 1 : 0)
        case .value(let index, let holds): (1, index, holds ? 1 : 0)
        }
    }

    static func < (a: Literal, b: Literal) -> Bool { a.order < b.order }
}
