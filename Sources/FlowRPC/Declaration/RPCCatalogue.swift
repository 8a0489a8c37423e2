/// The methods that a server may answer, each declared once. Help, the check of arguments, the client's conversion of words and the listing for programs
/// come from it, on both sides of the wire.
///
/// ```swift
/// let catalogue = RPCCatalogue([
///     RPCDeclaration("getblockhash", .blockchain, [.required("height", .integer, "Height of the block.")], "Hash of a block."),
/// ])
/// let parameters = try catalogue.convert(["7"], of: "getblockhash")  // [7], a number
/// ```
public struct RPCCatalogue: Sendable {
    let declarations: [RPCDeclaration]
    private let byName: [String: RPCDeclaration]

    public init(_ declarations: [RPCDeclaration]) {
        self.declarations = declarations
        byName = Dictionary(declarations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The declaration of a method, or nil.
    public subscript(name: String) -> RPCDeclaration? { byName[name] }

    /// Refuses a name that is declared twice, a parameter that a method names twice, and one that must be given after one that may be left out.
    func validate() throws(RPCCatalogueError) {
        var names: Set<String> = []
        for declaration in declarations {
            guard names.insert(declaration.name).inserted else { throw .declaredTwice(declaration.name) }
            var seen: Set<String> = []
            for name in declaration.parameters.flatMap({ [$0.name] + $0.aliases }) where !seen.insert(name).inserted {
                throw .parameterTwice(name, of: declaration.name)
            }
            guard !declaration.parameters.dropFirst(declaration.requiredCount).contains(where: \.isRequired) else {
                throw .requiredAfterOptional(declaration.name)
            }
        }
    }

    // MARK: the client's side

    /// A command line's words as parameters: texts stay as they are, so a wallet may be called `1`; numbers, truth values, lists and objects are read as JSON.
    /// Words of a method that is not declared stay texts.
    /// - Throws: `RPCConversionError` for a word that is no JSON where the method takes some.
    public func convert(_ words: [String], of method: String) throws(RPCConversionError) -> [JSONValue] {
        let parameters = self[method]?.parameters ?? []
        var values: [JSONValue] = []
        for (index, word) in words.enumerated() {
            values.append(try Self.value(word, of: parameters.indices.contains(index) ? parameters[index] : nil))
        }
        return values
    }

    /// Words of the form `name=value` as named parameters; words before the first of them are given by position, under `args`, as in Bitcoin Core.
    public func convertNamed(_ words: [String], of method: String) throws(RPCConversionError) -> JSONValue {
        let declaration = self[method]
        var members: [JSONValue.Member] = [], positional: [String] = []
        for word in words {
            guard let mark = word.firstIndex(of: "="), mark != word.startIndex else {
                guard members.isEmpty else { throw RPCConversionError(parameter: word, word: word, isName: true) }
                positional.append(word)
                continue
            }
            let name = String(word[..<mark])
            let parameter = declaration.flatMap { declaration in declaration.index(of: name).map { declaration.parameters[$0] } }
            members.append(.init(name, try Self.value(String(word[word.index(after: mark)...]), of: parameter)))
        }
        if !positional.isEmpty { members.insert(.init("args", .array(try convert(positional, of: method))), at: 0) }
        return .object(members)
    }

    private static func value(_ word: String, of parameter: RPCParameter?) throws(RPCConversionError) -> JSONValue {
        guard let parameter, parameter.kind.isJSON else { return .string(word) }
        if let value = try? JSONParser.parse(word) { return value }
        guard parameter.kind == .any else { throw RPCConversionError(parameter: parameter.name, word: word, isName: false) }
        return .string(word)
    }
}

/// A catalogue or a registration that contradicts itself.
@nonexhaustive
public enum RPCCatalogueError: Error, Sendable, Equatable, CustomStringConvertible {
    case declaredTwice(String)
    case parameterTwice(String, of: String)
    case requiredAfterOptional(String)
    case undeclared(String)
    case servedTwice(String)

    public var description: String {
        switch self {
        case .declaredTwice(let name): "the method \(name) is declared twice; leave one of the declarations"
        case .parameterTwice(let name, let method): "the method \(method) declares the parameter \(name) twice; leave one"
        case .requiredAfterOptional(let method): "the method \(method) declares a required parameter after an optional one; put required ones first"
        case .undeclared(let name): "the method \(name) is served but not declared; declare it in the catalogue"
        case .servedTwice(let name): "the method \(name) is served twice; register it once"
        }
    }
}

/// A word of a command line that is no JSON where some is expected, or no `name=value`.
public struct RPCConversionError: Error, Sendable, Equatable, CustomStringConvertible {
    let parameter: String
    let word: String
    let isName: Bool

    public var description: String {
        isName
            ? "No '=' in named argument '\(word)', this needs to be present for every argument (even if it is empty)"
            : "Error parsing JSON: \(word) (the parameter \(parameter) takes a number, true, false, a list or an object)"
    }
}
