import Foundation

/// A command for `/bin/sh` with places for values, as bitcoind's notifications have them.
struct ShellCommand: Sendable {
    let text: String

    /// Puts values in the place of `%s`, `%w` and so on, in single quotes where they could mean something to the shell.
    func with(_ values: [Character: String]) -> ShellCommand {
        var result = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "%") {
            result += rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            if let name = rest.first, let value = values[name] {
                result += Self.quoted(value)
                rest = rest.dropFirst()
            } else {
                result += "%"
            }
        }
        return ShellCommand(text: result + rest)
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 }
        return isPlain ? value : "'" + value.replacingOccurrences(of: "'", with: "'\"'\"'") + "'"
    }

    /// Runs it and waits.
    /// - Returns: its status; above 128 a signal's number more
    func run() -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The node ignores some signals; what it starts does not (POSIX_SPAWN_SETSIGDEF).
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGPIPE, SIGINT, SIGTERM, SIGXFSZ, SIGHUP] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, 0x04)
        var words: [UnsafeMutablePointer<CChar>?] = (["/bin/sh", "-c", text] as [String]).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        guard posix_spawn(&child, "/bin/sh", nil, &attributes, &words, environ) == 0 else { return 127 }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 { guard errno == EINTR else { return 127 } }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}
