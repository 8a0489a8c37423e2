public import ArgumentParser
public import FlowModel
import FlowNode
import Foundation
public import ProgramSupport

/// Options of flowcoind, spelled as bitcoind's.
public struct DaemonOptions: ParsableArguments, Sendable {
    @Option(name: .customLong("port", withSingleDash: true), help: ArgumentHelp("Listen for peers on this port.", valueName: "port"))
    public var port: UInt16?

    @Option(name: .customLong("bind", withSingleDash: true), help: ArgumentHelp("Address to listen on for peers (default: 0.0.0.0).", valueName: "address"))
    public var bind: String?

    @Option(
        name: .customLong("connect", withSingleDash: true),
        help: ArgumentHelp("Keep a connection to this peer; may be given several times.", valueName: "host:port"))
    public var connect: [String] = []

    @Flag(name: .customLong("nolisten", withSingleDash: true), help: "Do not listen for peers.")
    public var noListen = false

    @Option(
        name: .customLong("dataset", withSingleDash: true),
        help: ArgumentHelp(
            "Directory of .txt files to train on; may be given several times, once for each corpus that the network's amendments name. On regtest the first makes a network of its own.",
            valueName: "dir"))
    public var datasets: [String] = []

    @Option(
        name: .customLong("backend", withSingleDash: true),
        help: ArgumentHelp("Matrix backend: \(BackendChoice.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    public var backend: String = BackendChoice.automatic.rawValue

    @Option(
        name: .customLong("par", withSingleDash: true),
        help: ArgumentHelp("Threads for replay and training; 0 for one a core, below 0 to leave so many cores free.", valueName: "n"))
    public var parallel = 0

    @Option(name: .customLong("dbcache", withSingleDash: true), help: ArgumentHelp("MiB of memory for the database.", valueName: "n"))
    public var databaseCache = 64

    @Flag(name: .customLong("txindex", withSingleDash: true), help: "Write down which block holds which transaction, for getrawtransaction.")
    public var indexesTransactions = false

    @Option(
        name: .customLong("maxconnections", withSingleDash: true),
        help: ArgumentHelp("Connections to peers at most; those of -connect and addnode do not count.", valueName: "n"))
    public var maximumConnections = 125

    @Option(
        name: .customLong("modelexport", withSingleDash: true),
        help: ArgumentHelp(
            "Keep model.gguf in the data directory the model of the tip, stored as \(modelFormats), or none.", valueName: "type"))
    public var modelExport: String = ExportFormat.q8_0.rawValue

    @Flag(name: .customLong("disablewallet", withSingleDash: true), help: "Do not load wallets.")
    public var disableWallet = false

    @Flag(name: .customLong("daemon", withSingleDash: true), help: "Run in the background; returns once the node answers.")
    public var daemon = false

    @OptionGroup(title: "JSON-RPC server")
    public var rpc: RPCServerOptions

    @OptionGroup(title: "Mempool")
    public var pool: PoolOptions

    @OptionGroup(title: "Log")
    public var log: LogOptions

    @OptionGroup(title: "Notifications")
    public var notifications: NotificationOptions

    @OptionGroup(title: "ZeroMQ")
    public var zeroMQ: ZeroMQOptions

    public init() {}

    /// The options that take no value.
    private static let flags = Set(["nolisten", "disablewallet", "daemon", "txindex"]).union(RPCServerOptions.flags).union(PoolOptions.flags).union(LogOptions.flags)

    /// How bitcoind's words become the parser's.
    public static let form = OptionForm(flags: flags, switches: RPCServerOptions.switches.union(LogOptions.switches))

    /// Threads for replay and training.
    var threads: Int {
        let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
        return parallel > 0 ? parallel : max(1, cores + parallel)
    }

    private static let modelFormats = ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")

    /// The format of the kept model file; nil for none.
    public var modelFile: ExportFormat? { ExportFormat(rawValue: modelExport) }

    public func validate() throws {
        guard BackendChoice(rawValue: backend) != nil else {
            throw ValidationError(
                "'\(backend)' is no backend; choose one of \(BackendChoice.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        guard modelFile != nil || modelExport == "none" else {
            throw ValidationError("'\(modelExport)' is no type of -modelexport; choose one of \(Self.modelFormats), none.")
        }
        guard (-256...256).contains(parallel) else { throw ValidationError("-par must be -256 to 256, got \(parallel).") }
        guard (4...1_048_576).contains(databaseCache) else { throw ValidationError("-dbcache must be 4 to 1048576 MiB, got \(databaseCache).") }
        guard (0...10_000).contains(maximumConnections) else { throw ValidationError("-maxconnections must be 0 to 10000, got \(maximumConnections).") }
        guard !(daemon && rpc.noServer) else { throw ValidationError("-daemon waits until the node answers, which -server=0 keeps it from; leave one of them out.") }
    }
}
