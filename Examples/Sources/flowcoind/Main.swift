import ArgumentParser
import FlowDaemon
import FlowNode
import ProgramSupport

@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flowcoind", abstract: "A full node of FlowCoin: validates, relays, serves JSON-RPC, keeps wallets.",
        discussion: "Options may stand in flowcoin.conf in the data directory, without their dash. `flowcoind newnetwork` writes the parameters of a network of your own; `flowcoind newnetwork --help` says how.",
        version: "FlowCoin \(NodeConfiguration.version)")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var options: DaemonOptions

    static func main() async {
        // A command of its own, not a subcommand: those share the options of what they belong to, and -dataset, -port and -rpcport mean other things here.
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == NewNetwork.configuration.commandName { return await NewNetwork.runProgram(Array(arguments.dropFirst())) }
        await runProgram(OptionForm(flags: DaemonOptions.flags))
    }

    func run() async throws {
        if options.daemon { return try await BackgroundStart.relaunch(network) }
        try await Daemon(network: network, options: options).run()
    }
}
