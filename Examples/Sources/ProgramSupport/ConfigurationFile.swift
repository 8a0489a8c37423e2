import Foundation

/// `flowcoin.conf`, in bitcoind's form: a line is `name=value`, `#` begins a comment, `[regtest]` and `[test]` begin what holds for one network alone, `regtest.name=value` does so
/// for a line, and `includeconf=FILE` reads another file.
public struct ConfigurationFile: Sendable {
    /// One setting, with its place for messages.
    struct Setting: Sendable, Equatable {
        /// The network it is for; nil for all.
        let section: String?
        let name: String
        let value: String
        let place: String
    }

    let settings: [Setting]

    /// Settings that mean another thing on each network: outside of a section they hold for mainnet alone, as in bitcoind.
    private static let networkOnly: Set = ["bind", "connect", "port", "rpcbind", "rpcport"]
    private static let sections = ["main", "test", "regtest"]
    private static let longest = 1 << 20

    /// Reads a file and those that it includes.
    /// - Throws: `ProgramError` naming file and line
    public init(path: String) throws(ProgramError) {
        var settings = try Self.read(path)
        for include in settings where include.name == "includeconf" {
            let file = URL(fileURLWithPath: include.value, relativeTo: URL(fileURLWithPath: path).deletingLastPathComponent()).path
            let included = try Self.read(file)
            guard !included.contains(where: { $0.name == "includeconf" }) else {
                throw ProgramError("\(file) is included by \(include.place) and includes another file: only the first file may.")
            }
            settings += included
        }
        self.settings = settings.filter { $0.name != "includeconf" }
    }

    private static func read(_ path: String) throws(ProgramError) -> [Setting] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ProgramError("The configuration file \(path) cannot be read: check the path and its permissions.")
        }
        guard data.count <= longest, let text = String(bytes: data, encoding: .utf8) else {
            throw ProgramError("The configuration file \(path) has \(data.count) bytes; expected at most \(longest) of UTF-8 text.")
        }
        return try parse(text, name: path)
    }

    static func parse(_ text: String, name file: String) throws(ProgramError) -> [Setting] {
        var settings: [Setting] = []
        var section: String?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let place = "\(file):\(index + 1)"
            let content = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            if content.isEmpty { continue }
            if content.hasPrefix("["), content.hasSuffix("]") {
                let name = String(content.dropFirst().dropLast())
                guard sections.contains(name) else { throw ProgramError("\(place): expected the section [main], [test] or [regtest], got [\(name)].") }
                section = name
                continue
            }
            guard let mark = content.firstIndex(of: "="), mark != content.startIndex, !content.hasPrefix("-") else {
                throw ProgramError("\(place): expected name=value, without a dash, got \"\(content.prefix(100))\".")
            }
            var name = content[..<mark].trimmingCharacters(in: .whitespaces)
            var own = section
            if let point = name.firstIndex(of: "."), sections.contains(String(name[..<point])) {
                own = String(name[..<point])
                name = String(name[name.index(after: point)...])
            }
            settings.append(Setting(section: own, name: name, value: content[content.index(after: mark)...].trimmingCharacters(in: .whitespaces), place: place))
        }
        return settings
    }

    /// The settings as words of a command line, for the network that command line and file choose.
    /// - Parameters:
    ///   - network: what the command line chooses; nil leaves the choice to the file
    ///   - known: the names that the program takes from the file; nil: all, so that its parser refuses what it does not know
    public func words(_ form: OptionForm, network: String?, known: Set<String>? = nil) throws(ProgramError) -> [String] {
        var chosen = network
        for setting in settings where chosen == nil && setting.section == nil {
            switch (setting.name, setting.value) {
            case ("regtest", "1"), ("chain", "regtest"): chosen = "regtest"
            case ("testnet", "1"), ("chain", "test"): chosen = "test"
            default: break
            }
        }
        let section = chosen ?? "main"
        var words: [String] = []
        for setting in settings {
            guard setting.section == nil ? section == "main" || !Self.networkOnly.contains(setting.name) : setting.section == section else { continue }
            if network != nil, ["regtest", "testnet", "chain"].contains(setting.name) { continue }
            if let known, !known.contains(setting.name) { continue }
            do {
                words += try form.option(named: setting.name, value: setting.value)
            } catch {
                throw ProgramError("\(setting.place): \(error.description)")
            }
        }
        return words
    }
}
