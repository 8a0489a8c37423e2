import Foundation

/// A program's arguments: what its configuration file says, then its command line, which has the last word.
public enum ProgramArguments {
    /// - Parameters:
    ///   - commandLine: the process's arguments without its name
    ///   - form: the program's options that are on or off
    ///   - known: what the program takes from the file; nil: all
    /// - Throws: `ProgramError`: a file that cannot be read or names what does not exist
    public static func all(_ commandLine: [String], _ form: OptionForm, known: Set<String>? = nil) throws(ProgramError) -> [String] {
        let words = try form.canonical(commandLine)
        // Behind the first word that is no option stand a command and its parameters.
        let options = words.prefix(while: OptionForm.isOption)
        func value(_ name: String) -> String? { options.last { $0.hasPrefix("-\(name)=") }.map { String($0.dropFirst(name.count + 2)) } }
        let rest = options.filter { !$0.hasPrefix("-conf=") } + words.dropFirst(options.count)
        let directory = NetworkOptions.baseDirectory(value("datadir"))
        let named = value("conf")
        let file = URL(fileURLWithPath: named ?? "flowcoin.conf", relativeTo: directory).path
        // A file that nobody named need not be there.
        guard named != nil || FileManager.default.fileExists(atPath: file) else { return form.settled(rest) }
        return form.settled(try ConfigurationFile(path: file).words(form, network: network(form.settled(Array(options)), options), known: known) + rest)
    }

    /// The section of the file that the command line chooses; nil where it chooses none.
    private static func network(_ settled: [String], _ given: some Sequence<String>) -> String? {
        if settled.contains("-regtest") { return "regtest" }
        if settled.contains("-testnet") { return "test" }
        return given.contains("-noregtest") || given.contains("-notestnet") ? "main" : nil
    }
}
