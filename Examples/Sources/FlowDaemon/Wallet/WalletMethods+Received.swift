import FlowConsensus
import FlowCrypto
import FlowRPC
import FlowWallet

/// Balances, and what addresses and labels received.
extension WalletMethods {
    var received: [RPCMethod] {
        [
            RPCMethod("getbalance", balance), RPCMethod("getbalances", balances),
            RPCMethod("getunconfirmedbalance") { call in amount(try await service.wallet(call.wallet).balance.untrustedPending) },
            RPCMethod("getreceivedbyaddress") { call in
                let wallet = try await service.wallet(call.wallet)
                let address = try WalletArguments.address(call.string("address"), wallet)
                guard await wallet.holder(of: address.program)?.key != nil else { throw RPCError(-4, "Address not found in wallet") }
                let received = try await wallet.ledger.received(atTip: wallet.tipHeight, confirmations: call.integer("minconf"))
                return amount(received[address.program]?.amount ?? .zero)
            },
            RPCMethod("getreceivedbylabel") { call in
                let wallet = try await service.wallet(call.wallet)
                let label = try Self.label(call.string("label"))
                let received = try await wallet.ledger.received(atTip: wallet.tipHeight, confirmations: call.integer("minconf"))
                let sums = try await Self.labelled(wallet).filter { $0.label == label }.compactMap { received[$0.address.program] }
                return amount(Amount.sum(sums.filter { !$0.isWatched }.map(\.amount)) ?? .maxMoney)
            },
            RPCMethod("listreceivedbyaddress", receivedByAddress), RPCMethod("listreceivedbylabel", receivedByLabel),
        ]
    }

    private func balance(_ call: RPCCall) async throws -> JSONValue {
        guard call.given("dummy") == nil || call.given("dummy") == "*" else {
            throw RPCError(-32, "dummy first argument must be excluded or set to \"*\".")
        }
        let wallet = try await service.wallet(call.wallet)
        let (ledger, tip, confirmations) = (await wallet.ledger, await wallet.tipHeight, try call.integer("minconf"))
        let own = ledger.balance(atTip: tip, confirmations: confirmations)
        guard try call.bool("include_watchonly") else { return amount(own) }
        return amount(own.adding(ledger.watchedBalance(atTip: tip, confirmations: confirmations)) ?? .maxMoney)
    }

    private func balances(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        func shape(_ balance: WalletBalance) -> [JSONValue.Member] {
            [
                .init("trusted", amount(balance.trusted)), .init("untrusted_pending", amount(balance.untrustedPending)),
                .init("immature", amount(balance.immature)),
            ]
        }
        var mine = shape(await wallet.balance)
        if await wallet.avoidsReuse {
            let (ledger, tip) = await (wallet.ledger, wallet.tipHeight)
            let used = ledger.coins.filter { $0.isSpendable(atTip: tip) && ledger.isReused($0.holder.program) }
            mine.append(.init("used", amount(Amount.sum(used.map(\.output.value)) ?? .maxMoney)))
        }
        let watched = await wallet.watchedBalance
        return .object([.init("mine", .object(mine))] + (watched.map { [.init("watchonly", .object(shape($0)))] } ?? []))
    }

    private struct Line {
        let label: String
        let address: Address
        let received: WalletReceived?
    }

    private func lines(_ call: RPCCall, only wanted: Address? = nil) async throws -> [Line] {
        let wallet = try await service.wallet(call.wallet)
        let received = try await wallet.ledger.received(atTip: wallet.tipHeight, confirmations: call.integer("minconf"))
        let (listsEmpty, countsWatched) = (try call.bool("include_empty"), call.given("include_watchonly") == nil ? await wallet.watchesOnly : try call.bool("include_watchonly"))
        var lines: [Line] = []
        for (address, label, purpose) in try await Self.labelled(wallet) where purpose == "receive" && (wanted == nil || wanted == address) {
            let sum = received[address.program]
            let holder = await wallet.holder(of: address.program)
            if !countsWatched, holder?.isWatched == true { continue }
            if sum == nil, !listsEmpty { continue }
            lines.append(Line(label: label, address: address, received: sum))
        }
        return lines
    }

    private func receivedByAddress(_ call: RPCCall) async throws -> JSONValue {
        var wanted: Address?
        if call.given("address_filter") != nil {
            let (_, wallet) = try await service.entry(call.wallet)
            guard let address = try? Address(call.string("address_filter"), prefix: wallet.network.addressPrefix) else {
                throw RPCError(-4, "address_filter parameter was invalid")
            }
            wanted = address
        }
        return .array(try await lines(call, only: wanted).map { line in
            var members: [JSONValue.Member] = line.received?.isWatched == true ? [.init("involvesWatchonly", true)] : []
            members += [
                .init("address", .string(line.address.description)), .init("amount", amount(line.received?.amount ?? .zero)),
                .init("confirmations", .integer(line.received?.confirmations ?? 0)), .init("label", .string(line.label)),
                .init("txids", .array(line.received?.txids.map { .string($0.displayHex) } ?? [])),
            ]
            return .object(members)
        })
    }

    private func receivedByLabel(_ call: RPCCall) async throws -> JSONValue {
        let groups = Dictionary(grouping: try await lines(call), by: \.label)
        return .array(groups.sorted { $0.key < $1.key }.map { label, lines in
            let sums = lines.compactMap(\.received)
            var members: [JSONValue.Member] = sums.contains(where: \.isWatched) ? [.init("involvesWatchonly", true)] : []
            members += [
                .init("amount", amount(Amount.sum(sums.map(\.amount)) ?? .maxMoney)), .init("confirmations", .integer(sums.map(\.confirmations).min() ?? 0)),
                .init("label", .string(label)),
            ]
            return .object(members)
        })
    }
}
