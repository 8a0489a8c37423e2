/// Refuses schemas that are defined by themselves without going into a member or an item: such a definition says nothing (core, section 9.4.1).
enum CycleCheck {
    static func check(_ schemas: [Subschema]) throws(SchemaError) {
        var marks = [UInt8](repeating: 0, count: schemas.count)
        for root in schemas.indices where marks[root] == 0 {
            var stack: [(index: Int, targets: [Int])] = [(root, inPlace(schemas[root]))]
            marks[root] = 1
            while let (index, targets) = stack.last {
                guard let target = targets.last else {
                    marks[index] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].targets.removeLast()
                if marks[target] == 1 { throw schemas[target].error("$ref", "the schema refers to itself without an item or a member between") }
                if marks[target] == 0 {
                    marks[target] = 1
                    stack.append((target, inPlace(schemas[target])))
                }
            }
        }
    }

    /// The schemas that are applied to the same value.
    private static func inPlace(_ schema: Subschema) -> [Int] {
        schema.assertions.flatMap { entry -> [Int] in
            switch entry.assertion {
            case .all(let schemas), .any(let schemas), .one(let schemas): schemas
            case .not(let schema), .reference(let schema), .dependentSchema(_, let schema): [schema]
            case .condition(let condition, let then, let otherwise): [condition] + [then, otherwise].compactMap { $0 }
            default: []
            }
        }
    }
}
