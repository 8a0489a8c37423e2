/// Finds, without taking schemas apart, that no value satisfies both of two: their kinds differ, or a member that both require has values of its own.
struct Disjointness {
    let schemas: [Subschema]

    func holds(_ a: Int, _ b: Int) -> Bool { holds(a, b, depth: 0) }

    private func holds(_ a: Int, _ b: Int, depth: Int) -> Bool {
        guard depth < 4 else { return false }
        let (first, second) = (outline(a), outline(b))
        if first.kinds.isDisjoint(with: second.kinds) { return true }
        if let some = first.values, let others = second.values, some.isDisjoint(with: others) { return true }
        guard first.kinds == .object || second.kinds == .object else { return false }
        return first.required.intersection(second.required).contains { name in
            guard let x = first.members[name], let y = second.members[name] else { return false }
            return x.contains { one in y.contains { holds(one, $0, depth: depth + 1) } }
        } && first.kinds == .object && second.kinds == .object
    }

    private struct Outline {
        var kinds = Kinds.all
        var values: Set<Datum>?
        var required: Set<[UInt32]> = []
        var members: [[UInt32]: [Int]] = [:]
    }

    private func outline(_ index: Int) -> Outline {
        var outline = Outline()
        var (open, seen) = ([index], Set<Int>())
        while let next = open.popLast() {
            guard seen.insert(next).inserted else { continue }
            for entry in schemas[next].assertions {
                switch entry.assertion {
                case .never: outline.kinds = []
                case .kinds(let kinds, _): outline.kinds.formIntersection(kinds)
                case .values(let values):
                    outline.kinds.formIntersection(values.reduce(into: Kinds()) { $0.formUnion($1.kind) })
                    outline.values = outline.values?.intersection(values) ?? Set(values)
                case .required(let names): outline.required.formUnion(names)
                case .members(let names, _, _): for (name, schema) in names { outline.members[name, default: []].append(schema) }
                case .all(let inner): open += inner
                case .reference(let target): open.append(target)
                default: break
                }
            }
        }
        return outline
    }
}
