import ArgumentParser
import ProgramSupport

/// What bitcoin-cli takes beside the network.
struct ClientOptions: ParsableArguments {
    @Option(
        name: .customLong("rpcconnect", withSingleDash: true),
        help: ArgumentHelp("Host of the node (default: 127.0.0.1).", valueName: "host"))
    var host = "127.0.0.1"

    @Option(
        name: .customLong("rpcwallet", withSingleDash: true),
        help: ArgumentHelp("Wallet that the command is for, when more than one is loaded.", valueName: "name"))
    var wallet: String?

    @Option(
        name: .customLong("rpcclienttimeout", withSingleDash: true),
        help: ArgumentHelp("Seconds without an answer after which a call fails; 0 for no limit (default: 900).", valueName: "n"))
    var timeout = 900

    @Flag(name: .customLong("rpcwait", withSingleDash: true), help: "Wait for the node to start.")
    var waits = false

    @Option(
        name: .customLong("rpcwaittimeout", withSingleDash: true),
        help: ArgumentHelp("Seconds to wait with -rpcwait; 0 for no limit (default: 0).", valueName: "n"))
    var waitTimeout = 0

    @Flag(name: .customLong("named", withSingleDash: true), help: "The parameters are name=value; words before the first of them go by position.")
    var named = false

    @Flag(name: .customLong("stdin", withSingleDash: true), help: "Read more parameters from standard input, one a line.")
    var standardInput = false

    @Flag(name: .customLong("json", withSingleDash: true), help: "Print the answer as JSON, texts in quotation marks too.")
    var printsJSON = false

    @Flag(name: .customLong("getinfo", withSingleDash: true), help: "Show the node's state on a screen.")
    var getInfo = false

    @Flag(name: .customLong("netinfo", withSingleDash: true), help: "Show the node's peers on a screen.")
    var netInfo = false

    @Flag(name: .customLong("generate", withSingleDash: true), help: "Mine blocks (1 unless told otherwise) to a new address of the wallet.")
    var generate = false

    static let form = OptionForm(flags: ["rpcwait", "named", "stdin", "json", "getinfo", "netinfo", "generate"])
    /// What it takes from a configuration file that it shares with the node.
    static let known: Set = ["regtest", "testnet", "chain", "network", "rpcconnect", "rpcport", "rpcuser", "rpcpassword", "rpccookiefile", "rpcwallet", "rpcclienttimeout"]

    func validate() throws {
        guard timeout >= 0, waitTimeout >= 0 else { throw ValidationError("Expected seconds from 0 on, got \(min(timeout, waitTimeout)).") }
    }
}
