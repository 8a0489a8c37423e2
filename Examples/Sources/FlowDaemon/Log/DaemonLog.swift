import Foundation
import Logging
import Synchronization

/// Where the log goes, and how much of it: one for the process.
final class DaemonLog: Sendable {
    private struct State {
        var file: FileHandle?
        var chosen: Set<LogCategory>
    }

    private let url: URL?
    private let console: Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - url: the file that lines are added to; nil for none
    ///   - console: whether they go to standard error
    init(url: URL?, console: Bool, categories: Set<LogCategory>) {
        self.url = url
        self.console = console
        state = Mutex(State(file: url.flatMap(Self.open), chosen: categories))
    }

    private static func open(_ url: URL) -> FileHandle? {
        let file = Foundation.open(url.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        return file < 0 ? nil : FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    /// Whether the file that was asked for is open.
    var isWhole: Bool { url == nil || state.withLock { $0.file != nil } }

    /// Opens the file anew: somebody moved it away.
    func reopen() { state.withLock { $0.file = url.flatMap(Self.open) } }

    var categories: Set<LogCategory> {
        get { state.withLock { $0.chosen } }
        set { state.withLock { $0.chosen = newValue } }
    }

    /// Writes a line. What the disk has no room for is left out.
    func write(_ line: String) {
        let data = Data((line + "\n").utf8)
        state.withLock { state in
            try? state.file?.write(contentsOf: data)
            if console { try? FileHandle.standardError.write(contentsOf: data) }
        }
    }

    /// Makes it the log of everything in this process.
    func install() { LoggingSystem.bootstrap { Handler(label: $0, log: self) } }

    /// The logger of a category.
    static func logger(_ category: LogCategory) -> Logger { Logger(label: "flowcoin.\(category.rawValue)") }

    private struct Handler: LogHandler {
        let label: String
        let log: DaemonLog
        let category: LogCategory?
        var metadata: Logger.Metadata = [:]

        init(label: String, log: DaemonLog) {
            self.label = label
            self.log = log
            category = label.split(separator: ".").last.flatMap { LogCategory(rawValue: String($0)) }
        }

        var logLevel: Logger.Level {
            get { category.map { log.categories.contains($0) } ?? false ? .debug : .info }
            set {}
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            let values = all.map { " \($0.key)=\($0.value)" }.joined()
            // One line, whatever a peer called itself.
            let text = "\(event.message)\(values)".map { $0.isNewline ? " " : String($0) }.joined()
            log.write("\(Date().formatted(.iso8601)) \(event.level) \(label): \(text)")
        }
    }
}
