import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// A running flowcoind with a data directory of its own, on regtest unless told otherwise.
final class Daemon: @unchecked Sendable {
    let dataDirectory: String
    let port: UInt16
    let rpcPort: UInt16
    private let network: String
    private let networkFile: String?
    private let arguments: [String]
    private let environment: [String: String]
    private var process = Process()
    private var client: RPCClient?

    init(
        dataDirectory: String, port: UInt16, rpcPort: UInt16, network: String = "regtest", networkFile: String? = nil, arguments: [String] = [],
        environment: [String: String] = [:]
    ) {
        self.dataDirectory = dataDirectory
        self.port = port
        self.rpcPort = rpcPort
        self.network = networkFile.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent } ?? network
        self.networkFile = networkFile
        self.arguments = arguments
        self.environment = environment
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var log: String { dataDirectory + ".log" }

    private var networkArgument: String { networkFile.map { "-network=\($0)" } ?? "-\(network)" }

    /// The folder of its network in the data directory.
    var networkDirectory: String { "\(dataDirectory)/\(network)" }

    /// Starts the program.
    func launch(_ more: [String] = []) throws {
        try FileManager.default.createDirectory(atPath: dataDirectory, withIntermediateDirectories: true)
        process = Process()
        process.executableURL = URL(fileURLWithPath: try Programs.path("flowcoind"))
        process.arguments = [networkArgument, "-datadir=\(dataDirectory)", "-port=\(port)", "-rpcport=\(rpcPort)"] + arguments + more
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if !FileManager.default.fileExists(atPath: log) { FileManager.default.createFile(atPath: log, contents: nil) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try handle.seekToEnd()
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try? FileManager.default.removeItem(atPath: networkDirectory + "/.cookie")
        try process.run()
    }

    /// Starts the program and waits until its RPC answers.
    func start(_ more: [String] = []) async throws {
        try launch(more)
        let deadline = Date().addingTimeInterval(120)
        while Date() < deadline {
            guard process.isRunning else {
                throw ProgramError("flowcoind ended with status \(process.terminationStatus): \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
            }
            if let credentials = try? RPCCredentials(cookieIn: URL(fileURLWithPath: networkDirectory)) {
                let candidate = RPCClient(host: "127.0.0.1", port: rpcPort, credentials: credentials)
                if (try? await candidate.call("getblockcount")) != nil {
                    client = candidate
                    return
                }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ProgramError("flowcoind did not answer within 120 s")
    }

    @discardableResult
    func call(_ method: String, _ parameters: JSONValue..., wallet: String? = nil) async throws -> JSONResult {
        try await callList(method, parameters, wallet: wallet)
    }

    @discardableResult
    func callList(_ method: String, _ parameters: [JSONValue], wallet: String? = nil) async throws -> JSONResult {
        guard let client else { throw ProgramError("flowcoind is not running") }
        return try await client.call(method, .array(parameters), wallet: wallet)
    }

    /// Arguments with which other programs reach this node.
    var clientArguments: [String] { [networkArgument, "-datadir=\(dataDirectory)", "-rpcport=\(rpcPort)"] }

    func stop() async throws {
        try await call("stop")
        let deadline = Date().addingTimeInterval(60)
        while process.isRunning, Date() < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!process.isRunning, "flowcoind did not stop within 60 s")
        guard !process.isRunning, process.terminationStatus != 0 else { return }
        Issue.record("flowcoind ended with \(process.terminationReason == .exit ? "status" : "signal") \(process.terminationStatus): \(String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: log)))?.suffix(2_000) ?? Data(), as: UTF8.self))")
    }

    /// Asks the program to end as `kill` does, and waits.
    func terminate() -> Int32 {
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// As programs do that turn logs.
    func hangUp() { kill(process.processIdentifier, SIGHUP) }

    func killHard() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Tip, model and coins, to be compared between nodes.
    func state() async throws -> [String] {
        let chain = try await call("getblockchaininfo")
        let model = try await call("getmodelinfo")
        let coins = try await call("gettxoutsetinfo")
        return [
            chain["bestblockhash"].string ?? "", model["modelroot"].string ?? "",
            coins["hash_serialized"].string ?? "", coins["bestblock"].string ?? "",
        ]
    }
}

/// Waits until the condition holds.
func eventually(within seconds: Double, _ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(100))
    }
    throw ProgramError("not within \(seconds) s: \(what)")
}
