import FlowConsensus
import FlowNode
import FlowRPC
import Foundation

/// A node in a process of its own, so that its processor time and memory can be told from the attacker's.
final class Defender: @unchecked Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let directory: URL
    let port: UInt16

    init(network: String) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("flow-attacks-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["defend", network, directory.path]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = try Self.line(output)
        guard let port = UInt16(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw AttackError("the defender said: \(line)") }
        self.port = port
    }

    private static func line(_ output: Pipe) throws -> String {
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw AttackError("the defender ended") }
            line += String(decoding: data, as: UTF8.self)
        }
        return line
    }

    /// Steps of blocks that the node trained since it started.
    func replayedSteps() throws -> Int {
        try input.fileHandleForWriting.write(contentsOf: Data((#"{"method":"gettraininginfo","id":1}"# + "\n").utf8))
        let line = try Self.line(output)
        let reply = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard let steps = (reply?["result"] as? [String: Any])?["replayedsteps"] as? Int else { throw AttackError("the defender said: \(line)") }
        return steps
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Seconds of processor time, user's and system's.
    var processorSeconds: Double {
        var (clock, time) = (clockid_t(), timespec())
        guard clock_getcpuclockid(process.processIdentifier, &clock) == 0, clock_gettime(clock, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Resident bytes.
    var memory: Int {
        let text = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The most resident bytes until the task is cancelled.
    func watchMemory() -> Task<Int, Never> {
        Task {
            var most = memory
            while !Task.isCancelled {
                most = max(most, memory)
                try? await Task.sleep(for: .milliseconds(10))
            }
            return most
        }
    }

    /// Waits until the node does nothing for a while.
    func rest(atMost seconds: Double = 300) async throws {
        let end = Date().addingTimeInterval(seconds)
        var last = processorSeconds
        while Date() < end {
            try await Task.sleep(for: .milliseconds(700))
            let now = processorSeconds
            if now - last < 0.03 { return }
            last = now
        }
    }

    /// Runs the node until standard input ends; each line there is a call, answered on standard output.
    static func run(network: String, directory: String) async throws {
        guard let parameters = ChainParameters.all.first(where: { $0.name == network }) else { throw AttackError("no network \(network)") }
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: directory)
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = 0
        configuration.threads = 2
        let node = try await Node(configuration)
        say("\(node.listeningPort ?? 0)")
        let (calls, caller) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread {
            while let line = readLine() { caller.yield(line) }
            caller.finish()
        }
        for await request in calls {
            FileHandle.standardOutput.write(Data(await node.rpc.handle(body: Array(request.utf8)).body))
        }
    }
}

struct AttackError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
