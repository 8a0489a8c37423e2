/// bitcoind's form of options, brought into the form that the argument parser reads: `-regtest=1`, `-noregtest`, `-listen=0`, `-chain=regtest`, `--regtest`, `-port 7`, `-?`.
public struct OptionForm: Sendable {
    /// Options that take no value.
    private let flags: Set<String>
    /// Options whose value may be left out, for 1, and which `no` before the name sets to 0.
    private let switches: Set<String>

    /// - Parameters:
    ///   - flags: the names of options that are on or off, without their dash
    ///   - switches: those with a value that may be left out or denied: `-debug`, `-nodebug`, `-debug=net`
    public init(flags: Set<String>, switches: Set<String> = []) {
        self.flags = flags.union(["regtest", "testnet"])
        self.switches = switches
    }

    /// The words as the parser reads them. Words behind the first that is no option stay as they are: they are a command and its parameters.
    /// - Throws: `ProgramError` for a chain that does not exist, and for a flag with a value that is neither 0 nor 1
    public func words(_ given: some Sequence<String>) throws(ProgramError) -> [String] { settled(try canonical(Array(given))) }

    /// As `words`, with flags that are turned off still there.
    func canonical(_ given: [String]) throws(ProgramError) -> [String] {
        var words: [String] = []
        var rest = given[...]
        while let word = rest.first, word.hasPrefix("-"), word != "-", word != "--" {
            rest = rest.dropFirst()
            // A value may stand behind a space.
            if takesValue(word), let value = rest.first, !value.hasPrefix("-") {
                rest = rest.dropFirst()
                words += try option(word + "=" + value)
            } else {
                words += try option(word)
            }
        }
        return words + rest
    }

    /// Of each flag the last word counts; one that is off at the end is left out.
    func settled(_ words: [String]) -> [String] {
        let options = words.prefix(while: Self.isOption)
        var last: [String: Int] = [:]
        for (index, word) in options.enumerated() { if let (name, _) = setting(word) { last[name] = index } }
        let kept = options.enumerated().filter { index, word in
            guard let (name, isOn) = setting(word) else { return true }
            return isOn && last[name] == index
        }
        return kept.map(\.element) + words.dropFirst(options.count)
    }

    static func isOption(_ word: String) -> Bool { word.hasPrefix("-") && word != "-" && word != "--" }

    /// The flag that a canonical word sets, and how.
    private func setting(_ word: String) -> (name: String, isOn: Bool)? {
        let name = String(word.dropFirst())
        if flags.contains(name) { return (name, true) }
        guard let opposite = Self.opposite(name), flags.contains(opposite) else { return nil }
        return (opposite, false)
    }

    /// `nolisten` for `listen`, and the other way round.
    private static func opposite(_ name: String) -> String? { name.hasPrefix("no") ? String(name.dropFirst(2)) : "no" + name }

    private func takesValue(_ word: String) -> Bool {
        guard !word.contains("=") else { return false }
        let name = String(word.drop { $0 == "-" })
        if ["?", "h", "help", "version"].contains(name) || flags.contains(name) || switches.contains(name) { return false }
        guard let opposite = Self.opposite(name) else { return true }
        return !flags.contains(opposite) && !switches.contains(opposite)
    }

    private func option(_ word: String) throws(ProgramError) -> [String] {
        switch word {
        case "-?", "-h", "-help", "--help": return ["--help"]
        case "-version", "--version": return ["--version"]
        // What the argument parser makes of its own accord.
        case _ where word.hasPrefix("--generate-completion-script") || word.hasPrefix("--experimental-dump-help"): return [word]
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
            case "main": return ["-noregtest", "-notestnet"]
            case "test": return ["-testnet"]
            case "regtest": return ["-regtest"]
            default: throw ProgramError("Expected -chain=main, test or regtest, got -chain=\(value ?? "").")
            }
        }
        if flags.contains(name) { return [try isOn(name, value) ? "-\(name)" : "-\(Self.opposite(name) ?? name)"] }
        if let opposite = Self.opposite(name) {
            // What is on unless it is turned off is declared by its opposite.
            if flags.contains(opposite) { return [try isOn(name, value) ? "-\(name)" : "-\(opposite)"] }
            if switches.contains(opposite), name.hasPrefix("no") { return ["-\(opposite)=\(try isOn(name, value) ? 0 : 1)"] }
        }
        if switches.contains(name) { return ["-\(name)=\(value.flatMap { $0.isEmpty ? nil : $0 } ?? "1")"] }
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
