import FlowConsensus
import FlowCrypto
import FlowNode
import FlowRPC
import FlowWallet

/// The wallet's commands, in bitcoind's shapes; one file for each subject.
struct WalletMethods: Sendable {
    let service: WalletService
    let miner: MiningLoop

    var all: [RPCMethod] {
        management + secrets + addresses + payments + coins + received + history + watching + raw + partiallySigned + [RPCMethod("generate", generate)]
    }

    private func generate(_ call: RPCCall) async throws -> JSONValue {
        let count = try call.integer("nblocks")
        guard (0...100_000).contains(count) else { throw RPCError.invalidParameter("nblocks must be 0 to 100000, got \(count).") }
        let attempts = try call.integer("maxtries")
        guard attempts >= 0 else { throw RPCError.invalidParameter("maxtries must not be negative, got \(attempts).") }
        if count == 0 { return [] }
        let program = try await service.wallet(call.wallet).newAddress(label: "mined").program
        return .array(try await miner.mine(Int(count), paying: program, attempts: UInt64(attempts)).map { .string($0.displayHex) })
    }

    func amount(_ value: Amount) -> JSONValue { .amount(haruki: value.haruki) }
}
