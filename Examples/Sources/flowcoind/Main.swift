import ArgumentParser
import FlowDaemon
import ProgramSupport

@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flowcoind", abstract: "A full node of FlowCoin: validates, relays, serves JSON-RPC, keeps wallets.")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var options: DaemonOptions

    static func main() async { await runProgram() }

    func run() async throws {
        if options.daemon { return try await BackgroundStart.relaunch(network) }
        try await Daemon(network: network, options: options).run()
    }
}
