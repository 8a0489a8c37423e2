import ArgumentParser
import FlowConsensus
import FlowMining
import FlowTensor
import Foundation
import ProgramSupport
import ProgramVersion

@main
struct Miner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flowminer", abstract: "Trains the shared model for a node and hands in the blocks it finds.",
        discussion: "Options may stand in flowcoin.conf in the data directory, without their dash, as the node's.", version: ProgramVersion.text)

    @OptionGroup var network: NetworkOptions

    @Option(name: .customLong("rpcconnect", withSingleDash: true), help: "Host of the node (default: 127.0.0.1).")
    var host = "127.0.0.1"

    @Option(name: .customLong("dataset", withSingleDash: true), help: "Directory of text files, the same as the node's; may be given several times.")
    var datasets: [String] = []

    @Option(name: .customLong("address", withSingleDash: true), help: "Address that mined coins go to.")
    var address: String?

    @Option(name: .customLong("blocks", withSingleDash: true), help: "Stop after so many blocks of this miner.")
    var blocks: Int?

    @Option(name: .customLong("backend", withSingleDash: true), help: "Matrix backend: automatic, or a name that 'list' shows.")
    var backend = ProcessInfo.processInfo.environment["FLOW_BACKEND"] ?? "automatic"

    @Option(name: .customLong("threads", withSingleDash: true), help: "Threads for training.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(name: .customLong("conformance", withSingleDash: true), help: "Train one fixed trajectory and print its digests, to compare machines and backends; needs no node.")
    var conformance = false

    static func main() async { await runProgram(OptionForm(flags: ["conformance"]), known: Self.known) }

    /// What it takes from a configuration file that it shares with the node.
    private static let known: Set = ["regtest", "testnet", "chain", "network", "dataset", "rpcconnect", "rpcport", "rpcuser", "rpcpassword", "rpccookiefile"]

    func run() async throws {
        if backend == "list" { return print(MinerSetup.backendTable) }
        let backend = try MinerSetup.backend(named: backend) { FileHandle.standardError.write(Data("flowminer: \($0)\n".utf8)) }
        let setup = try MinerSetup(parameters: network.parameters(), datasets: datasets)
        if conformance { return print(try ConformanceRun(setup: setup, backend: backend, threads: threads).text) }
        guard let address else {
            throw ProgramError("Nobody would be paid: give --address one of your addresses (flowcoin-cli getnewaddress).")
        }
        let destination = try Address(address, prefix: setup.parameters.addressPrefix)
        let display = MinerDisplay()
        let miner = RemoteMiner(
            client: try network.client(host: host), program: destination.program, setup: setup,
            backend: backend, pool: ThreadPool(threads: threads), report: display.show)
        try await miner.run(blocks: blocks)
    }

    func validate() throws {
        guard threads >= 1, threads <= 256 else { throw ValidationError("--threads must be 1 to 256, got \(threads).") }
        if let blocks, blocks < 1 { throw ValidationError("--blocks must be at least 1, got \(blocks).") }
    }
}
