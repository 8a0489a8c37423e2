import FlowConsensus
import FlowCrypto
import FlowNode
import FlowRPC
import FlowWallet

/// The wallet's commands, in bitcoind's shapes.
struct WalletMethods: Sendable {
    let service: WalletService
    let miner: MiningLoop

    var all: [RPCMethod] {
        [
            RPCMethod("createwallet", create), RPCMethod("restorewallet", restore), RPCMethod("loadwallet", load), RPCMethod("unloadwallet", unload),
            RPCMethod("listwallets") { _ in .array(await service.names.map { .string($0) }) }, RPCMethod("listwalletdir", directory),
            RPCMethod("getwalletinfo", info), RPCMethod("getnewaddress", newAddress), RPCMethod("getbalance", balance), RPCMethod("getbalances", balances),
            RPCMethod("sendtoaddress", send), RPCMethod("listunspent", unspent), RPCMethod("listtransactions", transactions),
            RPCMethod("gettransaction", transaction), RPCMethod("abandontransaction", abandon), RPCMethod("generate", generate),
            RPCMethod("walletpassphrase", unlock),
            RPCMethod("walletlock") { call in
                try await service.wallet(call.wallet).lock()
                return .null
            },
            RPCMethod("getmnemonic") { call in
                .string(try await service.wallet(call.wallet).mnemonic(passphrase: call.string("passphrase")))
            },
        ]
    }

    private func create(_ call: RPCCall) async throws -> JSONValue {
        guard try !call.bool("disable_private_keys"), try !call.bool("blank") else {
            throw RPCError.invalidParameter("Wallets without keys are not supported: leave disable_private_keys and blank false.")
        }
        let name = try call.string("wallet_name")
        let passphrase = try call.string("passphrase")
        _ = try await service.create(name, passphrase: passphrase, mnemonic: nil)
        return ["name": .string(name), "warning": .string(passphrase.isEmpty
            ? "Empty string given as passphrase, wallet will not be encrypted." : "")]
    }

    private func restore(_ call: RPCCall) async throws -> JSONValue {
        let name = try call.string("wallet_name")
        let passphrase = try call.string("passphrase")
        _ = try await service.create(name, passphrase: passphrase, mnemonic: call.string("mnemonic"))
        return ["name": .string(name), "warning": ""]
    }

    private func load(_ call: RPCCall) async throws -> JSONValue {
        let name = try call.string("filename")
        try await service.load(name)
        return ["name": .string(name), "warning": ""]
    }

    private func unload(_ call: RPCCall) async throws -> JSONValue {
        let name = call.given("wallet_name") == nil ? call.wallet : try call.string("wallet_name")
        _ = try await service.unload(name)
        return ["warning": ""]
    }

    private func directory(_ call: RPCCall) async throws -> JSONValue {
        let failures = await service.failures
        let wallets = await service.stored().map { name -> JSONValue in
            guard let reason = failures[name] else { return ["name": .string(name)] }
            return ["name": .string(name), "warnings": [.string("Not loaded: \(reason)")]]
        }
        return ["wallets": .array(wallets)]
    }

    private func info(_ call: RPCCall) async throws -> JSONValue {
        let (name, wallet) = try await service.entry(call.wallet)
        // A scan that takes long is told of, not waited for.
        let scanned = await wallet.scannedHeight
        if scanned == nil { try await wallet.synchronise(with: service.chain) }
        let (balance, ledger) = await (wallet.balance, wallet.ledger)
        return [
            "walletname": .string(name), "walletversion": 2, "format": "json",
            "balance": amount(balance.trusted), "unconfirmed_balance": amount(balance.untrustedPending),
            "immature_balance": amount(balance.immature), "txcount": .integer(ledger.transactionCount),
            "keypoolsize": .integer(await wallet.keysAhead),
            "encrypted": .bool(await wallet.isEncrypted), "unlocked": .bool(await !wallet.isLocked),
            "private_keys_enabled": true, "birthday": .integer(await wallet.birthday),
            "scanning": scanned.map { ["height": .integer($0)] } ?? false,
            "lastprocessedblock": ledger.tip.map {
                ["hash": .string($0.hash.displayHex), "height": .integer($0.height)]
            } ?? .null,
        ]
    }

    private func balance(_ call: RPCCall) async throws -> JSONValue {
        guard call.given("dummy") == nil || call.given("dummy") == "*" else {
            throw RPCError(-32, "dummy first argument must be excluded or set to \"*\".")
        }
        let wallet = try await service.wallet(call.wallet)
        let confirmations = try call.integer("minconf")
        return amount(await wallet.ledger.balance(atTip: wallet.tipHeight, confirmations: confirmations))
    }

    private func newAddress(_ call: RPCCall) async throws -> JSONValue {
        let label = try call.string("label")
        return .string(try await service.wallet(call.wallet).newAddress(label: label).description)
    }

    private func balances(_ call: RPCCall) async throws -> JSONValue {
        let balance = try await service.wallet(call.wallet).balance
        return ["mine": [
            "trusted": amount(balance.trusted), "untrusted_pending": amount(balance.untrustedPending),
            "immature": amount(balance.immature),
        ]]
    }

    private func send(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let destination: Address
        do {
            destination = try Address(call.string("address"), prefix: wallet.network.addressPrefix)
        } catch let error as AddressError {
            throw RPCError(-5, "Invalid address: \(error)")
        }
        let value = Amount(haruki: try call.haruki("amount"))
        guard value > .zero else { throw RPCError.type("Invalid amount for send: expected more than 0 FLOW") }
        return .string(try await wallet.send(value, to: destination, through: service.chain).txid.displayHex)
    }

    private func unspent(_ call: RPCCall) async throws -> JSONValue {
        let (least, most) = (try call.integer("minconf"), try call.integer("maxconf"))
        let wallet = try await service.wallet(call.wallet)
        var wanted: Set<String>?
        if let list = call.given("addresses") {
            guard let texts = list.arrayValue?.map(\.stringValue), !texts.contains(nil) else { throw RPCError.type("Expected type array of addresses") }
            wanted = Set(texts.compactMap { $0 })
        }
        let tip = await wallet.tipHeight
        var coins: [JSONValue] = []
        for coin in await wallet.ledger.coins where (least...max(least, most)).contains(coin.confirmations(atTip: tip)) {
            let address = try await wallet.address(of: coin.key)
            if let wanted, !wanted.contains(address.description) { continue }
            // What has not matured is listed by bitcoind only where it is asked for.
            coins.append([
                "txid": .string(coin.outPoint.txid.displayHex), "vout": .integer(coin.outPoint.index),
                "address": .string(address.description), "label": .string(await wallet.label(of: address) ?? ""), "amount": amount(coin.output.value),
                "confirmations": .integer(coin.confirmations(atTip: tip)), "spendable": .bool(coin.isSpendable(atTip: tip)),
                "generated": .bool(coin.isCoinbase), "safe": .bool(coin.height != nil || coin.isOwnChange),
            ])
        }
        return .array(coins)
    }

    private func transactions(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let label = try call.string("label")
        guard !label.isEmpty else { throw RPCError.invalidParameter("Label argument must be a valid label name or \"*\".") }
        let (count, skip) = (try call.integer("count"), try call.integer("skip"))
        guard count >= 0 else { throw RPCError.invalidParameter("Negative count") }
        guard skip >= 0 else { throw RPCError.invalidParameter("Negative from") }
        let wanted = Int(clamping: min(count, 100_000)) + Int(clamping: min(skip, 1_000_000_000))
        let description = await WalletDescription(wallet)
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
        let description = await WalletDescription(wallet)
        guard let txid = try? Hash256(displayHex: call.string("txid")), let entry = description.ledger[txid] else {
            throw RPCError.notFound("Invalid or non-wallet transaction id")
        }
        return description.whole(entry)
    }

    private func abandon(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        guard let txid = try? Hash256(displayHex: call.string("txid")), await wallet.ledger[txid] != nil else {
            throw RPCError.notFound("Invalid or non-wallet transaction id")
        }
        try await wallet.abandon(txid)
        return .null
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

    private func unlock(_ call: RPCCall) async throws -> JSONValue {
        let seconds = try call.integer("timeout")
        guard (1...100_000_000).contains(seconds) else {
            throw RPCError.invalidParameter("Timeout must be 1 to 100000000 seconds, got \(seconds).")
        }
        try await service.wallet(call.wallet).unlock(passphrase: call.string("passphrase"), for: .seconds(seconds))
        return .null
    }

    private func amount(_ value: Amount) -> JSONValue { .amount(haruki: value.haruki) }
}
