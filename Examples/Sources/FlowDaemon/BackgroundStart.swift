import Foundation
public import ProgramSupport

/// `-daemon`: starts this program again in a session of its own, with its output in `debug.log`, and waits until it answers.
public enum BackgroundStart {
    public static func relaunch(_ network: NetworkOptions, _ options: DaemonOptions) async throws {
        let parameters = try network.parameters()
        let directory = network.networkDirectory(of: parameters)
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw ProgramError("Cannot make the data directory \(directory.path): check the path of -datadir, its permissions and the free space of its disk.")
        }
        let log = options.log.url(in: directory)?.path ?? "/dev/null"
        let cookie = network.cookie(of: parameters)
        // What goes to standard error would stand in the log twice.
        let arguments = CommandLine.arguments + ["-daemon=0", "-printtoconsole=0"]
        // A cookie that a killed node left behind must not pass for the new node's.
        let before = try? FileManager.default.attributesOfItem(atPath: cookie.path)[.modificationDate] as? Date
        let child = try spawn(arguments, log: log)
        print("FlowCoin server starting")
        while true {
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child {
                let end = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").suffix(3).joined(separator: "\n") ?? ""
                throw ProgramError("The node did not start; \(log) ends with:\n\(end)")
            }
            let now = try? FileManager.default.attributesOfItem(atPath: cookie.path)[.modificationDate] as? Date
            if now != nil, now != before, let client = try? network.client(),
                (try? await client.call("uptime")) != nil
            { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private static func spawn(_ arguments: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Whoever started this program may wait until nobody holds what it left open.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let open = Int32(name), open > 2 { _ = fcntl(open, F_SETFD, FD_CLOEXEC) }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID: the child survives the terminal.
        posix_spawnattr_setflags(&attributes, 0x80)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments[0]
        let code = posix_spawn(&child, path, &actions, &attributes, &words, environ)
        guard code == 0 else {
            throw ProgramError("Cannot start \(path) in the background: \(String(cString: strerror(code))). Start it without -daemon.")
        }
        return child
    }
}
