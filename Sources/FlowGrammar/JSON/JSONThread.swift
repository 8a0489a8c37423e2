/// One way to read a JSON text so far. Each way can be brought to an end on its own.
enum JSONThread: Hashable, Sendable {
    /// Before the document.
    case document
    /// After it.
    case ended
    case word(Word, done: Int, Parents)
    case number(NumberSet, NumberCursor, Parents)
    case text(StringCursor, TextUse)
    case array(ArrayFrame)
    case object(ObjectFrame)

    enum Word: Hashable, Sendable {
        case null, yes, no
        var bytes: [UInt8] {
            switch self {
            case .null: Array("null".utf8)
            case .yes: Array("true".utf8)
            case .no: Array("false".utf8)
            }
        }
    }
}

/// What a string is: a value, or a key of an object. Made once at its opening quote.
final class TextUse: Hashable, Sendable {
    enum Role: Sendable {
        case value(Parents)
        /// The goal of the member's value; nil where the name tells it.
        case key(ObjectFrame, goal: Int?)
    }

    let matcher: TextMatcher
    let role: Role
    let keepsText: Bool

    init(_ matcher: TextMatcher, _ role: Role) {
        (self.matcher, self.role) = (matcher, role)
        keepsText = switch (role, matcher) {
        case (.key, _), (_, .names): true
        case (.value, .automaton(_, let without)): !without.isEmpty
        }
    }

    static func == (a: TextUse, b: TextUse) -> Bool { a === b }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
