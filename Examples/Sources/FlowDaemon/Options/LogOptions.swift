public import ArgumentParser
import Foundation

/// What is written to the log, and where; spelled as bitcoind's.
public struct LogOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("debug", withSingleDash: true),
        help: ArgumentHelp("Write more about \(LogCategory.list), or everything (1); may be given several times. The method logging changes it later.", valueName: "category"))
    public var categories: [String] = []

    @Option(
        name: .customLong("debugexclude", withSingleDash: true),
        help: ArgumentHelp("Write no more than usual about this, whatever -debug says; may be given several times.", valueName: "category"))
    public var excluded: [String] = []

    @Flag(name: .customLong("noprinttoconsole", withSingleDash: true), help: "Do not write the log to standard error; -daemon does not either.")
    public var noConsole = false

    @Option(
        name: .customLong("debuglogfile", withSingleDash: true),
        help: ArgumentHelp("The log's file, below the network's folder unless it begins with /; 0 for none. SIGHUP opens it anew.", valueName: "file"))
    public var file = "debug.log"

    public init() {}

    static let flags: Set = ["noprinttoconsole"]
    static let switches: Set = ["debug", "debuglogfile"]

    public func validate() throws {
        for name in categories + excluded where LogCategory.named(name) == nil {
            throw ValidationError("Unsupported logging category \(name): expected \(LogCategory.list), 1 or 0.")
        }
    }

    /// The categories that are written about, in the order of the words: `-debug=0` takes back those before it.
    var chosen: Set<LogCategory> {
        categories.reduce(into: Set<LogCategory>()) { chosen, name in
            if name == "0" || name == "none" { chosen = [] } else { chosen.formUnion(LogCategory.named(name) ?? []) }
        }.subtracting(excluded.flatMap { LogCategory.named($0) ?? [] })
    }

    /// The log's file; nil for none.
    func url(in directory: URL) -> URL? {
        file == "0" || file.isEmpty ? nil : URL(fileURLWithPath: file == "1" ? "debug.log" : (file as NSString).expandingTildeInPath, relativeTo: directory).absoluteURL
    }
}
