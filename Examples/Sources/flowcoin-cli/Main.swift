import ArgumentParser
import Foundation
import ProgramSupport

@main
struct CommandLineClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flowcoin-cli",
        abstract: "Sends a command to flowcoind and prints its answer.",
        discussion: "`flowcoin-cli help` lists the commands of the running node; `flowcoin-cli help COMMAND` explains one.")

    @OptionGroup var network: NetworkOptions

    @Option(
        name: .customLong("rpcconnect", withSingleDash: true),
        help: ArgumentHelp("Host of the node (default: 127.0.0.1).", valueName: "host"))
    var host = "127.0.0.1"

    @Option(
        name: .customLong("rpcwallet", withSingleDash: true),
        help: ArgumentHelp("Wallet that the command is for, when more than one is loaded.", valueName: "name"))
    var wallet: String?

    @Argument(help: "Command, e.g. getblockchaininfo.")
    var method: String

    @Argument(parsing: .captureForPassthrough, help: "Its parameters.")
    var parameters: [String] = []

    static func main() async { await runProgram() }

    func run() async throws {
        let client = try network.client(host: host)
        let result = try await client.call(
            method, CommandParameters.convert(parameters, of: method), wallet: wallet)
        if !result.isNull { print(result.printed) }
    }
}
