import Foundation

/// A line on standard error that says how far something is, in place; nothing when that is no terminal.
struct LoadingLine {
    private let isShown = isatty(STDERR_FILENO) == 1

    func show(_ text: String) { if isShown { standardErrorText("\r\u{1B}[K" + text) } }

    /// Leaves no trace.
    func clear() { if isShown { standardErrorText("\r\u{1B}[K") } }
}
