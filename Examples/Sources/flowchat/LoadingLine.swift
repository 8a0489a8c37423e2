import Foundation

/// A line on standard error that says how far something is, in place; nothing when that is no terminal.
struct LoadingLine {
    private let isShown = isatty(STDERR_FILENO) == 1

    func show(_ text: String) { if isShown { write("\r\u{1B}[K" + text) } }

    /// Leaves no trace.
    func clear() { if isShown { write("\r\u{1B}[K") } }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
