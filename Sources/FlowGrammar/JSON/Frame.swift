/// Where a finished value goes on.
enum Parent: Hashable, Sendable {
    case document
    case array(ArrayFrame, counts: Bool)
    case object(ObjectFrame)
}

/// The places where one value, which is being read now, goes on: several, where schemas leave it open what stands around it.
final class Parents: Hashable, Sendable {
    let list: [Parent]
    init(_ list: [Parent]) { self.list = list }
    static func == (a: Parents, b: Parents) -> Bool { a === b }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Values that the one being read has to differ from.
final class Forbidden: Hashable, Sendable {
    let values: Set<Datum>
    init(_ values: Set<Datum>) { self.values = values }
    static func == (a: Forbidden, b: Forbidden) -> Bool { a === b }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// An open array.
struct ArrayFrame: Hashable, Sendable {
    enum Phase: Hashable, Sendable { case opened, comma, item }
    let form: ArrayForm
    var phase = Phase.opened
    var count = 0
    var counted = 0
    /// The items so far, where they have to differ.
    var items: Set<Datum> = []
    /// Where the text of this array, and of the item being read, begins.
    var start: Int
    var itemStart = 0
    let forbidden: Forbidden?
    var parents: Parents

    static func == (a: ArrayFrame, b: ArrayFrame) -> Bool {
        a.form === b.form && a.phase == b.phase && a.count == b.count && a.counted == b.counted && a.forbidden == b.forbidden && a.parents == b.parents
            && a.items == b.items
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(form))
        hasher.combine(count)
        hasher.combine(counted)
        hasher.combine(parents)
    }
}

/// An open object.
struct ObjectFrame: Hashable, Sendable {
    enum Phase: Hashable, Sendable { case opened, comma, colon(goal: Int), value(goal: Int), member }
    let form: ObjectForm
    var phase = Phase.opened
    /// The keys so far, with the goal of their values.
    var seen: [[UInt32]: Int] = [:]
    var start: Int
    let forbidden: Forbidden?
    var parents: Parents

    static func == (a: ObjectFrame, b: ObjectFrame) -> Bool {
        a.form === b.form && a.phase == b.phase && a.forbidden == b.forbidden && a.parents == b.parents && a.seen == b.seen
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(form))
        hasher.combine(phase)
        hasher.combine(seen.count)
        hasher.combine(parents)
    }

    var missing: Int { form.required.count { seen[$0] == nil } }
    var isComplete: Bool { seen.count >= form.least && missing == 0 }
}
