import FlowConsensus
import FlowCrypto
import FlowNode
import FlowRPC
import FlowWallet

/// Transactions.
extension WalletMethods {
    var history: [RPCMethod] {
        [
            RPCMethod("listtransactions", transactions), RPCMethod("gettransaction", transaction), RPCMethod("listsinceblock", sinceBlock),
        ]
    }

    private static func countsWatched(_ call: RPCCall) throws(RPCError) -> Bool? { call.given("include_watchonly") == nil ? nil : try call.bool("include_watchonly") }

    private func transactions(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let label = try call.string("label")
        guard !label.isEmpty else { throw RPCError.invalidParameter("Label argument must be a valid label name or \"*\".") }
        let (count, skip) = (try call.integer("count"), try call.integer("skip"))
        guard count >= 0 else { throw RPCError.invalidParameter("Negative count") }
        guard skip >= 0 else { throw RPCError.invalidParameter("Negative from") }
        let wanted = Int(clamping: min(count, 100_000)) + Int(clamping: min(skip, 1_000_000_000))
        let description = await WalletDescription(wallet, countsWatched: try Self.countsWatched(call))
        var lines: [JSONValue] = []
        description.ledger.visitNewest { transaction in
            guard lines.count < wanted else { return false }
            for detail in description.details(of: transaction).reversed() where label == "*" || detail.label == label {
                lines.append(.object(detail.members + description.common(transaction)))
            }
            return true
        }
        return .array(lines.prefix(wanted).dropFirst(Int(clamping: skip)).reversed())
    }

    private func transaction(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let description = await WalletDescription(wallet, countsWatched: try Self.countsWatched(call))
        let txid = try call.hash("txid")
        guard let entry = description.ledger[txid], description.isShown(entry) || call.given("include_watchonly") == nil else {
            throw RPCError.notFound("Invalid or non-wallet transaction id")
        }
        return description.whole(entry, isDecoded: try call.bool("verbose"))
    }

    private func sinceBlock(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        var hash: Hash256?
        if call.given("blockhash") != nil {
            let text = try call.string("blockhash")
            if !text.isEmpty { hash = try RPCArguments.hash(text, "blockhash") }
        }
        let target = try call.integer("target_confirmations")
        guard target >= 1 else { throw RPCError.invalidParameter("Invalid parameter") }
        let history: WalletHistory
        do {
            history = try await wallet.history(since: hash, through: service.chain)
        } catch WalletError.unknownBlock {
            throw RPCError.notFound("Block not found")
        }
        let description = await WalletDescription(wallet, countsWatched: try Self.countsWatched(call))
        let lists = try call.bool("include_removed")
        let tip = description.ledger.tip
        var last = tip?.hash
        if let tip, target > 1 {
            let height = Int64(tip.height) - target + 1
            last = height < 0 ? .zero : try await service.chain.blockHash(at: UInt32(clamping: height)) ?? tip.hash
        }
        var members: [JSONValue.Member] = [.init("transactions", .array(history.transactions.flatMap(description.lines)))]
        if lists { members.append(.init("removed", .array(history.removed.flatMap(description.lines)))) }
        members.append(.init("lastblock", .string((last ?? .zero).displayHex)))
        return .object(members)
    }
}
