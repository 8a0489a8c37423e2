/// A name compared by its bytes. `String`'s own equality follows Unicode's canonical equivalence and would take two
/// different keys, tensor names or tokens for one.
struct NameKey: Hashable, Sendable {
    private let name: String

    init(_ name: String) { self.name = name }

    static func == (left: NameKey, right: NameKey) -> Bool { left.name.utf8.elementsEqual(right.name.utf8) }

    func hash(into hasher: inout Hasher) {
        var name = name
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
