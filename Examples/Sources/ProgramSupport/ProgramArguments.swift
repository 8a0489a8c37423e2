import Foundation

/// A program's arguments: what its configuration file says, then its command line, which has the last word.
public enum ProgramArguments {
    /// - Parameters:
    ///   - commandLine: the process's arguments without its name
    ///   - form: the program's options that are on or off
    ///   - known: what the program takes from the file; nil: all
    /// - Throws: `ProgramError`: a file that cannot be read or names what does not exist
    public static func all(_ commandLine: [String], _ form: OptionForm, known: Set<String>? = nil) throws(ProgramError) -> [String] {
        let words = try form.words(commandLine)
        // Behind the first word that is no option stand a command and its parameters.
        let options = words.prefix { $0.hasPrefix("-") && $0 != "-" }
        func value(_ name: String) -> String? { options.last { $0.hasPrefix("-\(name)=") }.map { String($0.dropFirst(name.count + 2)) } }
        let rest = options.filter { !$0.hasPrefix("-conf=") } + words.dropFirst(options.count)
        let directory = NetworkOptions.baseDirectory(value("datadir"))
        let named = value("conf")
        let file = URL(fileURLWithPath: named ?? "flowcoin.conf", relativeTo: directory).path
        // A file that nobody named need not be there.
        guard named != nil || FileManager.default.fileExists(atPath: file) else { return rest }
        let network = options.contains("-regtest") ? "regtest" : options.contains("-testnet") ? "test" : commandLine.contains("-chain=main") ? "main" : nil
        return try ConfigurationFile(path: file).words(form, network: network, known: known) + rest
    }
}
