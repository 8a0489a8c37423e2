import ArgumentParser
import FlowRPC
import Foundation
import ProgramSupport
import ProgramVersion

@main
struct CommandLineClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flowcoin-cli",
        abstract: "Sends a command to flowcoind and prints its answer.",
        discussion: "`flowcoin-cli help` lists the commands of the running node; `flowcoin-cli help COMMAND` explains one. `flowcoin-cli plotloss FILE.svg` draws the loss by height.",
        version: ProgramVersion.text)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var options: ClientOptions

    @Argument(help: "Command, e.g. getblockchaininfo.")
    var method: String?

    @Argument(parsing: .captureForPassthrough, help: "Its parameters.")
    var parameters: [String] = []

    static func main() async { await runProgram(ClientOptions.form, known: ClientOptions.known) }

    func validate() throws {
        let summaries = [options.getInfo, options.netInfo, options.generate].filter { $0 }.count
        guard summaries <= 1 else { throw ValidationError("Expected at most one of -getinfo, -netinfo and -generate, got \(summaries).") }
        guard summaries == 1 || method != nil else { throw ValidationError("Expected a command, e.g. getblockchaininfo; `flowcoin-cli help` lists them.") }
    }

    func run() async throws {
        let caller = Caller(network: network, options: options)
        let words = ([method].compactMap { $0 } + parameters) + (options.standardInput ? Self.linesOfStandardInput() : [])
        if options.getInfo { return print(try await NodeSummary(caller).printed) }
        if options.netInfo { return print(try await PeerSummary(caller).printed) }
        if options.generate { return try await generate(caller, words) }
        guard let method = words.first else { return }
        if method == "plotloss" { return try await plot(caller, Array(words.dropFirst())) }
        let result = try await caller.call(method, words: Array(words.dropFirst()))
        if !result.isNull { print(options.printsJSON ? result.json : result.printed) }
    }

    /// bitcoin-cli's `-generate ( nblocks maxtries )`: mines to a new address of the wallet.
    private func generate(_ caller: Caller, _ words: [String]) async throws {
        let address = try await caller.call("getnewaddress").string ?? ""
        let blocks = try await caller.call("generatetoaddress", words: [words.first ?? "1", address] + words.dropFirst())
        let answer: JSONValue = ["address": .string(address), "blocks": .array((blocks.array ?? []).map { .string($0.string ?? "") })]
        print(JSONResult(answer).printed)
    }

    private func plot(_ caller: Caller, _ words: [String]) async throws {
        guard words.count == 1, let path = words.first else { throw ValidationError("Expected plotloss FILE.svg, got \(words.count) words behind it.") }
        let history = try await caller.call("getmodelinfo", words: ["100000"])["losshistory"].array ?? []
        let points = history.compactMap { entry in entry["height"].integer.flatMap { height in entry["heldoutloss"].double.map { (height: height, loss: $0) } } }
        guard let plot = LossPlot(points) else { throw ProgramError("There is no held-out loss to draw yet: the chain has \(history.count) blocks behind its first.") }
        do {
            try Data(plot.svg.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw ProgramError("Cannot write \(path): \(error.localizedDescription)")
        }
        print("\(points.count) heights drawn in \(path)")
    }

    private static func linesOfStandardInput() -> [String] {
        var lines: [String] = []
        while let line = readLine() { lines.append(line) }
        return lines
    }
}
