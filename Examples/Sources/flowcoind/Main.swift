import ArgumentParser
import FlowDaemon
import ProgramSupport
import ProgramVersion

@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flowcoind", abstract: "A full node of FlowCoin: validates, relays, serves JSON-RPC, keeps wallets.",
        discussion: "Options may stand in flowcoin.conf in the data directory, without their dash. `flowcoind newnetwork` writes the parameters of a network of your own; `flowcoind newnetwork --help` says how. `flowcoind rpcauth USER` makes a user of the JSON-RPC server.",
        version: ProgramVersion.text)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var options: DaemonOptions

    static func main() async {
        // A command of its own, not a subcommand: those share the options of what they belong to, and -dataset, -port and -rpcport mean other things here.
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case NewNetwork.configuration.commandName: await NewNetwork.runProgram(Array(arguments.dropFirst()))
        case MakeAccount.configuration.commandName: await MakeAccount.runProgram(Array(arguments.dropFirst()))
        default: await runProgram(DaemonOptions.form)
        }
    }

    func run() async throws {
        if options.daemon { return try await BackgroundStart.relaunch(network, options) }
        try await Daemon(network: network, options: options).run()
    }
}
