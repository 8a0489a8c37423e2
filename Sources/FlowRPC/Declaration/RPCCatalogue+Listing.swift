extension RPCCatalogue {
    /// What `help` prints: the methods by heading.
    func overview(of names: Set<String>) -> String {
        RPCDeclaration.Category.allCases.compactMap { category -> String? in
            let lines = declarations.filter { $0.category == category && names.contains($0.name) }.map(\.usage).sorted()
            return lines.isEmpty ? nil : "== \(category.rawValue) ==\n" + lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    /// The methods as an OpenRPC 1.2.6 document, which `rpc.discover` answers with.
    func openRPC(of names: Set<String>, version: String) -> JSONValue {
        let methods = declarations.filter { names.contains($0.name) }.sorted { $0.name < $1.name }.map { declaration -> JSONValue in
            [
                "name": .string(declaration.name), "summary": .string(declaration.summary),
                "tags": [["name": .string(declaration.category.rawValue)]], "paramStructure": "either",
                "params": .array(declaration.parameters.map { parameter in
                    guard case .object(var schema) = parameter.kind.schema else { return nil }
                    if let fallback = parameter.fallback { schema.append(.init("default", fallback)) }
                    return [
                        "name": .string(parameter.name), "description": .string(parameter.text), "required": .bool(parameter.isRequired),
                        "schema": .object(schema),
                    ]
                }),
                "result": ["name": "result", "schema": [:]],
            ]
        }
        return ["openrpc": "1.2.6", "info": ["title": "FlowCoin JSON-RPC", "version": .string(version)], "methods": .array(methods)]
    }

    /// The page `Documentation/RPC.md`, but for its introduction.
    var markdown: String {
        RPCDeclaration.Category.allCases.map { category in
            let methods = declarations.filter { $0.category == category }.sorted { $0.name < $1.name }.map { declaration in
                let parameters = declaration.parameters.map { parameter in
                    let nature = parameter.isRequired ? "" : parameter.fallback.map { ", default `\($0.text)`" } ?? ", optional"
                    let aliases = parameter.aliases.isEmpty ? "" : " (also " + parameter.aliases.map { "`\($0)`" }.joined(separator: ", ") + ")"
                    return "- `\(parameter.name)`\(aliases): \(parameter.kind.rawValue)\(nature). \(parameter.text)\n"
                }.joined()
                return "### \(declaration.name)\n\(declaration.summary)\n" + (parameters.isEmpty ? "" : "\n" + parameters)
            }
            return "## \(category.rawValue)\n" + methods.joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
