/// bitcoind's form of options, brought into the form that the argument parser reads: `-regtest=1`, `-noregtest`, `-listen=0`, `-chain=regtest`, `--regtest`, `-?`.
public struct OptionForm: Sendable {
    /// Options that take no value.
    private let flags: Set<String>

    /// - Parameter flags: the names of options that are on or off, without their dash
    public init(flags: Set<String>) {
        self.flags = flags.union(["regtest", "testnet"])
    }

    /// The words as the parser reads them. Words behind the first that is no option stay as they are: they are a command and its parameters.
    /// - Throws: `ProgramError` for a chain that does not exist, and for a flag with a value that is neither 0 nor 1
    public func words(_ given: some Sequence<String>) throws(ProgramError) -> [String] {
        var words: [String] = []
        var isOption = true
        for word in given {
            isOption = isOption && word.hasPrefix("-") && word != "-"
            guard isOption else {
                words.append(word)
                continue
            }
            words += try option(word)
        }
        return words
    }

    private func option(_ word: String) throws(ProgramError) -> [String] {
        switch word {
        case "-?", "-h", "-help", "--help": return ["--help"]
        case "-version", "--version": return ["--version"]
        default: break
        }
        let text = word.drop { $0 == "-" }
        let mark = text.firstIndex(of: "=")
        return try option(named: String(text[..<(mark ?? text.endIndex)]), value: mark.map { String(text[text.index(after: $0)...]) })
    }

    /// One option with its value, as a line of a configuration file holds it.
    func option(named name: String, value: String?) throws(ProgramError) -> [String] {
        if name == "chain" {
            switch value {
            case "main": return []
            case "test": return ["-testnet"]
            case "regtest": return ["-regtest"]
            default: throw ProgramError("Expected -chain=main, test or regtest, got -chain=\(value ?? "").")
            }
        }
        if flags.contains(name) { return try isOn(name, value) ? ["-\(name)"] : [] }
        if name.hasPrefix("no"), flags.contains(String(name.dropFirst(2))) { return try isOn(name, value) ? [] : ["-\(name.dropFirst(2))"] }
        // What is on unless it is turned off is declared by its opposite.
        if flags.contains("no" + name) { return try isOn(name, value) ? [] : ["-no\(name)"] }
        return [value.map { "-\(name)=\($0)" } ?? "-\(name)"]
    }

    private func isOn(_ name: String, _ value: String?) throws(ProgramError) -> Bool {
        switch value {
        case nil, "", "1": return true
        case "0": return false
        case let other?: throw ProgramError("The option -\(name) is on (1) or off (0), got -\(name)=\(other).")
        }
    }
}
