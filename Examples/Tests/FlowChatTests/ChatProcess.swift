import Foundation
import Testing

/// The built `flowchat`, found beside this package's sources.
enum Program {
    struct Fault: Error { var text: String }

    static func flowchat() throws -> String {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        #if DEBUG
            let path = package.appendingPathComponent(".build/debug/flowchat").path
        #else
            let path = package.appendingPathComponent(".build/release/flowchat").path
        #endif
        guard FileManager.default.isExecutableFile(atPath: path) else { throw Fault(text: "\(path) is not built") }
        return path
    }

    /// Runs a program to its end, outside the cooperative pool.
    static func run(_ program: String, _ arguments: [String], input: String? = nil) async throws -> (status: Int32, output: Data, errors: String) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    let process = Process(), out = Pipe(), errors = Pipe(), inbound = Pipe()
                    process.executableURL = URL(fileURLWithPath: program)
                    process.arguments = arguments
                    process.standardOutput = out
                    process.standardError = errors
                    process.standardInput = inbound
                    try process.run()
                    if let input { try inbound.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
                    try inbound.fileHandleForWriting.close()
                    let output = try out.fileHandleForReading.readToEnd() ?? Data()
                    let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
                    process.waitUntilExit()
                    continuation.resume(returning: (process.terminationStatus, output, text))
                } catch { continuation.resume(throwing: error) }
            }
        }
    }
}

/// A folder that goes away with its last reference.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("flowchat-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// What a server answered.
struct Reply {
    var status: Int
    var headers: [String: String]
    var body: Data

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: Any? { try? JSONSerialization.jsonObject(with: body, options: .fragmentsAllowed) }

    /// The value at a path like `choices.0.text`.
    func at(_ path: String) -> Any? { Reply.at(path, json) }

    static func at(_ path: String, _ json: Any?) -> Any? {
        path.split(separator: ".").reduce(json) { value, key in
            if let index = Int(key) {
                guard let list = value as? [Any], list.indices.contains(index) else { return nil }
                return list[index]
            }
            return (value as? [String: Any])?[String(key)]
        }
    }

    /// The data of server-sent events.
    var events: [String] {
        text.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { $0.hasPrefix("data: ") ? String($0.dropFirst(6)) : "?" }
    }
}

/// A server as a process of its own; it ends with its last reference.
final class ChatProcess: @unchecked Sendable {
    let process = Process()
    let folder: Folder
    private(set) var port = 0
    private let log: String

    /// - Parameter model: a path; nil for a small random model.
    init(_ options: [String] = [], model: String? = nil, environment: [String: String] = [:]) async throws {
        folder = try Folder()
        log = folder.file("log")
        let path = model ?? folder.file("small.gguf")
        if model == nil { try ChatModel.write(to: path) }
        FileManager.default.createFile(atPath: log, contents: nil)
        process.executableURL = URL(fileURLWithPath: try Program.flowchat())
        process.arguments = ["serve", "-m", path, "--port", "0"] + options
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let end = ContinuousClock.now + .seconds(30)
        while !errors.contains("is ready") {
            guard process.isRunning, .now < end else { throw Program.Fault(text: "no server: \(errors)") }
            try await Task.sleep(for: .milliseconds(10))
        }
        let address = try #require(errors.split(separator: "\n").first { $0.contains("listens on") })
        port = try #require(Int(address.components(separatedBy: "http://")[1].components(separatedBy: "/")[0].components(separatedBy: ":").last ?? ""))
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var errors: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// One request through curl.
    func ask(
        _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = ["Content-Type": "application/json"],
        options: [String] = []
    ) async throws -> Reply {
        var arguments = ["-s", "-i", "-N", "-X", method, "-H", "Expect:"] + options
        if method == "HEAD" { arguments = ["-s", "-I"] + options }
        for (name, value) in headers { arguments += ["-H", "\(name): \(value)"] }
        if body != nil { arguments += ["--data-binary", "@-"] }
        let outcome = try await Program.run("/usr/bin/curl", arguments + ["http://127.0.0.1:\(port)\(path)"], input: body)
        guard let end = outcome.output.range(of: Data("\r\n\r\n".utf8)) else {
            throw Program.Fault(text: "\(method) \(path): no answer, curl's status \(outcome.status)")
        }
        let lines = String(decoding: outcome.output[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]).lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        return Reply(
            status: Int(lines[0].split(separator: " ")[1]) ?? 0, headers: Dictionary(headers) { $1 },
            body: outcome.output[end.upperBound...])
    }

    func post(_ path: String, _ body: String) async throws -> Reply { try await ask("POST", path, body) }

    /// A line of `/metrics`.
    func metric(_ name: String) async throws -> Double {
        let text = try await ask("GET", "/metrics").text
        let line = text.split(separator: "\n").first { $0.hasPrefix("flowchat_" + name + " ") }
        return line.flatMap { Double($0.split(separator: " ")[1]) } ?? 0
    }

    func wait(_ what: String, _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            guard .now < end else { throw Program.Fault(text: "waited in vain for: \(what)\n\(errors)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// Answers that end at their limit only: neither a line break nor an end token is drawn.
let endless = #""logit_bias":{"10":-100,"257":-100}"#
