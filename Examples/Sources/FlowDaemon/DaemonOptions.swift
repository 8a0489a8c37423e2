public import ArgumentParser
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
        help: ArgumentHelp("Directory of .txt files to train on. On regtest it makes a network of its own.", valueName: "dir"))
    public var dataset: String?

    @Option(
        name: .customLong("backend", withSingleDash: true),
        help: ArgumentHelp("Matrix backend: \(BackendChoice.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    public var backend: String = BackendChoice.automatic.rawValue

    @Option(name: .customLong("par", withSingleDash: true), help: ArgumentHelp("Threads for replay and training.", valueName: "n"))
    public var threads: Int?

    @Flag(name: .customLong("disablewallet", withSingleDash: true), help: "Do not load wallets.")
    public var disableWallet = false

    @Flag(name: .customLong("daemon", withSingleDash: true), help: "Run in the background; returns once the node answers.")
    public var daemon = false

    public init() {}

    public func validate() throws {
        guard BackendChoice(rawValue: backend) != nil else {
            throw ValidationError(
                "'\(backend)' is no backend; choose one of \(BackendChoice.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        if let threads, !(1...256).contains(threads) { throw ValidationError("-par must be 1 to 256, got \(threads).") }
    }
}
