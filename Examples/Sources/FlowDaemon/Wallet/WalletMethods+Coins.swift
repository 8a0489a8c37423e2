import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import FlowWallet

/// Coins: listed, locked, grouped.
extension WalletMethods {
    var coins: [RPCMethod] {
        [
            RPCMethod("listunspent", unspent), RPCMethod("lockunspent", lock),
            RPCMethod("listlockunspent") { call in
                .array(try await service.wallet(call.wallet).lockedOutPoints.map { ["txid": .string($0.txid.displayHex), "vout": .integer($0.index)] })
            },
            RPCMethod("listaddressgroupings") { call in
                let wallet = try await service.wallet(call.wallet)
                let groups = await wallet.ledger.groupings(atTip: wallet.tipHeight)
                var lists: [JSONValue] = []
                for group in groups {
                    var list: [JSONValue] = []
                    for (program, value) in group {
                        let address = try await wallet.address(of: program)
                        let label = await wallet.label(of: address)
                        list.append(.array([.string(address.description), amount(value)] + (label.map { [.string($0)] } ?? [])))
                    }
                    lists.append(.array(list))
                }
                return .array(lists)
            },
        ]
    }

    private static let queryOptions: Set<String> = ["minimumAmount", "maximumAmount", "maximumCount", "minimumSumAmount"]

    private func unspent(_ call: RPCCall) async throws -> JSONValue {
        let (least, most) = (try call.integer("minconf"), try call.integer("maxconf"))
        let wallet = try await service.wallet(call.wallet)
        var wanted: Set<Address>?
        if call.given("addresses") != nil {
            var addresses: Set<Address> = []
            for item in try call.array("addresses") {
                guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
                guard addresses.insert(try WalletArguments.address(text, wallet)).inserted else {
                    throw RPCError.invalidParameter("Invalid parameter, duplicated address: \(text)")
                }
            }
            wanted = addresses
        }
        let options = try WalletArguments.options(call, name: "query_options", Self.queryOptions)
        func limit(_ name: String) throws(RPCError) -> Int64? { try options[name].map { value throws(RPCError) in try RPCCall.haruki(value) } }
        let (smallest, largest, enough) = (try limit("minimumAmount") ?? 0, try limit("maximumAmount") ?? .max, try limit("minimumSumAmount"))
        let count = try WalletArguments.integer(options, "maximumCount") ?? 0
        let (tip, listsUnsafe, locked) = (await wallet.tipHeight, try call.bool("include_unsafe"), Set(await wallet.lockedOutPoints))
        let (ledger, avoidsReuse) = await (wallet.ledger, wallet.avoidsReuse)
        var coins: [JSONValue] = [], sum: Int64 = 0
        for coin in ledger.coins where (least...max(least, most)).contains(coin.confirmations(atTip: tip)) {
            let isSafe = coin.height != nil || coin.isOwnChange
            guard !locked.contains(coin.outPoint), listsUnsafe || isSafe, (smallest...max(smallest, largest)).contains(coin.output.value.haruki) else { continue }
            let address = try await wallet.address(of: coin.holder.program)
            if let wanted, !wanted.contains(address) { continue }
            var members: [JSONValue.Member] = [
                .init("txid", .string(coin.outPoint.txid.displayHex)), .init("vout", .integer(coin.outPoint.index)),
                .init("address", .string(address.description)), .init("label", .string(await wallet.label(of: address) ?? "")),
                .init("scriptPubKey", .string(Hex.encode(coin.output.program.encoded))), .init("amount", amount(coin.output.value)),
                .init("confirmations", .integer(coin.confirmations(atTip: tip))), .init("spendable", .bool(coin.isSpendable(atTip: tip))),
                .init("solvable", .bool(coin.holder.publicKey != nil)), .init("generated", .bool(coin.isCoinbase)), .init("safe", .bool(isSafe)),
            ]
            if avoidsReuse { members.append(.init("reused", .bool(ledger.isReused(coin.holder.program)))) }
            coins.append(.object(members))
            sum += coin.output.value.haruki
            if count > 0, coins.count >= count { break }
            if let enough, sum >= enough { break }
        }
        return .array(coins)
    }

    private func lock(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let unlocks = try call.bool("unlock"), isKept = try call.bool("persistent")
        guard call.given("transactions") != nil else {
            if unlocks { try await wallet.unlockAllCoins() }
            return true
        }
        let ledger = await wallet.ledger
        let locked = Set(await wallet.lockedOutPoints)
        // All of them are checked before the first is changed.
        let outPoints = try call.array("transactions").map { item throws(RPCError) in
            guard item["vout"]?.intValue != nil || item["txid"]?.stringValue == nil else { throw RPCError.type("Missing vout") }
            let outPoint = try RPCArguments.outPoint(item)
            guard let transaction = ledger[outPoint.txid] else { throw RPCError.invalidParameter("Invalid parameter, unknown transaction") }
            guard transaction.transaction.outputs.indices.contains(Int(outPoint.index)) else { throw .invalidParameter("Invalid parameter, vout index out of bounds") }
            guard ledger.coin(outPoint) != nil else { throw .invalidParameter("Invalid parameter, expected unspent output") }
            guard unlocks == locked.contains(outPoint) || (!unlocks && isKept) else {
                throw .invalidParameter(unlocks ? "Invalid parameter, expected locked output" : "Invalid parameter, output already locked")
            }
            return outPoint
        }
        for outPoint in outPoints {
            if unlocks { try await wallet.unlock(outPoint) } else { try await wallet.lock(outPoint, isKept: isKept) }
        }
        return true
    }
}
