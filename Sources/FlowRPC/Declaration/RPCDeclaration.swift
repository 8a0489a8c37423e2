/// One method as it is declared: its name, what it takes and what it is for. Who answers it is registered elsewhere (`RPCMethod`).
public struct RPCDeclaration: Sendable {
    /// The headings under which `help` lists methods.
    public enum Category: String, Sendable, CaseIterable {
        case blockchain = "Blockchain"
        case control = "Control"
        case generating = "Generating"
        case mining = "Mining"
        case model = "Model"
        case network = "Network"
        case rawTransactions = "Rawtransactions"
        case util = "Util"
        case wallet = "Wallet"
    }

    public let name: String
    let category: Category
    let parameters: [RPCParameter]
    let summary: String
    /// The number of the error for a value of another kind: bitcoind answers −1 where a method reads the value, −3 where it checks its arguments first.
    let kindErrorCode: Int

    /// A method without parameters.
    public init(_ name: String, _ category: Category, _ summary: String) { self.init(name, category, [], summary) }

    public init(_ name: String, _ category: Category, _ parameters: [RPCParameter], kindErrorCode: Int = -1, _ summary: String) {
        self.name = name
        self.category = category
        self.parameters = parameters
        self.summary = summary
        self.kindErrorCode = kindErrorCode
    }

    var requiredCount: Int { parameters.prefix(while: \.isRequired).count }

    func index(of name: String) -> Int? { parameters.firstIndex { $0.name == name || $0.aliases.contains(name) } }

    /// `getblock blockhash ( verbosity )`
    var usage: String {
        let required = parameters.prefix(requiredCount).map { " " + $0.name }.joined()
        let optional = parameters.dropFirst(requiredCount).map(\.name).joined(separator: " ")
        return name + required + (optional.isEmpty ? "" : " ( \(optional) )")
    }

    /// What `help` says of it.
    var helpText: String {
        var lines = [usage, "", summary]
        if !parameters.isEmpty { lines += ["", "Arguments:"] }
        for (number, parameter) in parameters.enumerated() {
            let nature = parameter.isRequired ? "required" : parameter.fallback.map { "optional, default=\($0.text)" } ?? "optional"
            lines.append("\(number + 1). \(parameter.name)    (\(parameter.kind.rawValue), \(nature)) \(parameter.text)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
