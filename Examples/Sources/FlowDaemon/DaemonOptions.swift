public import ArgumentParser
public import FlowModel
import FlowNode

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

    @Option(name: .customLong("par", withSingleDash: true), help: ArgumentHelp("Threads for replay and training.", valueName: "n"))
    public var threads: Int?

    @Option(
        name: .customLong("modelexport", withSingleDash: true),
        help: ArgumentHelp(
            "Keep model.gguf in the data directory the model of the tip, stored as \(modelFormats), or none.", valueName: "type"))
    public var modelExport: String = ExportFormat.q8_0.rawValue

    @Flag(name: .customLong("disablewallet", withSingleDash: true), help: "Do not load wallets.")
    public var disableWallet = false

    @Flag(name: .customLong("daemon", withSingleDash: true), help: "Run in the background; returns once the node answers.")
    public var daemon = false

    @Flag(name: .customLong("server", withSingleDash: true), help: "Answer JSON-RPC; always on, and taken for the sake of older habits.")
    public var server = false

    public init() {}

    /// The options that take no value.
    public static let flags: Set = ["nolisten", "disablewallet", "daemon", "server"]

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
        if let threads, !(1...256).contains(threads) { throw ValidationError("-par must be 1 to 256, got \(threads).") }
    }
}
