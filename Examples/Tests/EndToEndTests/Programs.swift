import Foundation
import ProgramSupport
import Synchronization
import Testing

/// The built programs, found beside this package's sources.
enum Programs {
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func path(_ name: String) throws -> String {
        #if DEBUG
        let configuration = "debug"
        #else
        let configuration = "release"
        #endif
        let path = package.appendingPathComponent(".build/\(configuration)/\(name)").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ProgramError("\(path) is not built: run 'swift build -c \(configuration) --package-path Examples' first.")
        }
        return path
    }

    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Runs a program to its end.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil, timeout: TimeInterval = 300
    ) async throws -> Outcome {
        let executable = name.hasPrefix("/") ? name : try path(name)
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    let process = Process()
                    process.executableURL = URL(fileURLWithPath: executable)
                    process.arguments = arguments
                    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
                    let files = try TemporaryDirectory()
                    let out = files.url.appendingPathComponent("out"), err = files.url.appendingPathComponent("err")
                    FileManager.default.createFile(atPath: out.path, contents: nil)
                    FileManager.default.createFile(atPath: err.path, contents: nil)
                    process.standardOutput = try FileHandle(forWritingTo: out)
                    process.standardError = try FileHandle(forWritingTo: err)
                    if let input {
                        let pipe = Pipe()
                        process.standardInput = pipe
                        try process.run()
                        try? pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
                        try? pipe.fileHandleForWriting.close()
                    } else {
                        process.standardInput = FileHandle.nullDevice
                        try process.run()
                    }
                    let deadline = Date().addingTimeInterval(timeout)
                    while process.isRunning, Date() < deadline { usleep(5_000) }
                    if process.isRunning {
                        kill(process.processIdentifier, SIGKILL)
                        process.waitUntilExit()
                        throw ProgramError("\(name) \(arguments.joined(separator: " ")) ran past \(timeout) s; it printed: \((try? String(contentsOf: out, encoding: .utf8)) ?? "")")
                    }
                    process.waitUntilExit()
                    continuation.resume(returning: Outcome(
                        status: process.terminationStatus,
                        output: String(decoding: try Data(contentsOf: out), as: UTF8.self),
                        errors: String(decoding: try Data(contentsOf: err), as: UTF8.self)))
                    withExtendedLifetime(files) {}
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}

/// A folder that goes away with its last reference.
final class TemporaryDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("flow-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func folder(_ name: String) -> String { url.appendingPathComponent(name).path }
}

/// Ports that nothing listened on a moment ago, each given once: below those that systems give to outgoing connections, which would take one
/// between here and the program that is to listen on it.
enum FreePorts {
    private static let next = Mutex(UInt16.random(in: 10_000..<32_000))

    static func take(_ count: Int) throws -> [UInt16] {
        try next.withLock { next in
            var ports: [UInt16] = []
            for _ in 0..<20_000 where ports.count < count {
                next = next < 32_000 ? next + 1 : 10_000
                if isFree(next) { ports.append(next) }
            }
            guard ports.count == count else { throw ProgramError("no free port on loopback") }
            return ports
        }
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}
