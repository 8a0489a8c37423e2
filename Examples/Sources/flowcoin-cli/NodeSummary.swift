import FlowRPC
import ProgramSupport

/// What `-getinfo` shows.
struct NodeSummary {
    private let chain, network, training, model: JSONResult
    private let balance: JSONResult?
    private let options: ClientOptions

    init(_ caller: Caller) async throws {
        options = caller.options
        chain = try await caller.call("getblockchaininfo")
        network = try await caller.call("getnetworkinfo")
        training = try await caller.call("gettraininginfo")
        model = try await caller.call("getmodelinfo")
        // Nodes without a wallet, or with several of which none is named, have a screen too.
        do { balance = try await caller.call("getbalance") } catch is RPCFailure { balance = nil }
    }

    var printed: String {
        let lines: [(String, JSONResult)] = [
            ("chain", chain["chain"]), ("blocks", chain["blocks"]), ("headers", chain["headers"]), ("verificationprogress", chain["verificationprogress"]),
            ("difficulty", chain["difficulty"]), ("connections_in", network["connections_in"]), ("connections_out", network["connections_out"]),
            ("version", network["subversion"]), ("relayfee", network["relayfee"]), ("trainingsteps", training["steps"]), ("tokens", training["tokens"]),
            ("epochs", training["epochs"]), ("parameters", model["parameters"]), ("experts", model["experts"]), ("heldoutloss", model["heldoutloss"]),
            ("backend", model["backend"]), ("balance", balance ?? JSONResult(.null)), ("warnings", chain["warnings"]),
        ]
        guard !options.printsJSON else { return "{" + lines.map { "\"\($0.0)\": \($0.1.json)" }.joined(separator: ", ") + "}" }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.filter { !$0.1.isNull }.map { name, value in
            name + String(repeating: " ", count: width - name.count + 2) + value.printed
        }.joined(separator: "\n")
    }
}
