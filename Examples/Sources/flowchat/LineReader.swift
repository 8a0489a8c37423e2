import Foundation

/// Reads messages: from a terminal with editing and history, otherwise line by line.
final class LineReader {
    let isTerminal: Bool
    private var history: [String] = []

    init() {
        let type = ProcessInfo.processInfo.environment["TERM"] ?? ""
        isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && type != "dumb"
    }

    /// The next message; nil at the end of the input.
    func read() -> String? {
        guard isTerminal else { return readPlain() }
        guard let line = edit() else { return nil }
        if !line.isEmpty, history.last != line { history.append(line) }
        return line
    }

    private func readPlain() -> String? {
        var text = ""
        while let line = readLine() {
            guard line.hasSuffix("\\") else { return text + line }
            text += line.dropLast() + "\n"
        }
        return text.isEmpty ? nil : text
    }

    private func edit() -> String? {
        var saved = termios()
        guard tcgetattr(STDIN_FILENO, &saved) == 0 else { return readPlain() }
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
        guard tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0 else { return readPlain() }
        defer { _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &saved) }

        var editor = LineEditor(history: history)
        var screen = LineScreen(prompt: "> ")
        screen.draw(editor)
        var keys = KeyReader()
        while let key = keys.next() {
            switch editor.handle(key) {
            case .edited: screen.draw(editor)
            case .accepted:
                screen.finish(editor)
                return editor.text
            case .ended:
                screen.finish(editor)
                return nil
            case .abandoned:
                screen.finish(editor)
                editor = LineEditor(history: history)
                screen = LineScreen(prompt: "> ")
                screen.draw(editor)
            }
        }
        return nil
    }
}
