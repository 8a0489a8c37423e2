import FlowConsensus
import FlowCrypto
import FlowNode
import FlowWallet

/// The wallet's commands, in bitcoind's shapes.
struct WalletMethods: Sendable {
    let service: WalletService
    let miner: MiningLoop

    var all: [RPCMethod] {
        [
            method("createwallet", ["wallet_name", "?disable_private_keys", "?blank", "?passphrase"],
                "Creates and loads a new wallet with a fresh mnemonic. With a passphrase its secret is sealed in the file.", create),
            method("restorewallet", ["wallet_name", "mnemonic", "?passphrase"],
                "Creates a wallet from the words of a mnemonic and finds its coins on the chain.", restore),
            method("loadwallet", ["filename"], "Loads a wallet of the node's wallet directory.", load),
            method("unloadwallet", ["?wallet_name"], "Unloads a wallet.", unload),
            method("listwallets", [], "Lists the loaded wallets.") { _ in .array(await service.names.map { .string($0) }) },
            method("listwalletdir", [], "Lists the wallets in the node's wallet directory, and why one could not be loaded when the node started.", directory),
            method("getwalletinfo", [], "Tells the state of the wallet.", info),
            method("getnewaddress", ["?label"], "Gives an address that was not handed out before.", newAddress),
            method("getbalance", ["?dummy", "?minconf"],
                "Gives what can be spent now, in FLOW; with minconf, of coins that so many blocks hold and follow.", balance),
            method("getbalances", [], "Gives all kinds of balances, in FLOW.", balances),
            method("sendtoaddress", ["address", "amount", "?comment", "?comment_to"],
                "Pays an amount, in FLOW, to an address, and gives the transaction's id.", send),
            method("listunspent", ["?minconf", "?maxconf", "?addresses"],
                "Lists the coins that no known transaction spends and that so many blocks hold and follow (1 to 9999999 unless told otherwise).", unspent),
            method("listtransactions", ["?label", "?count", "?skip"],
                "Lists what the wallet's last transactions paid and received, the oldest first; with a label other than *, what addresses of that label received.", transactions),
            method("gettransaction", ["txid"], "Tells what the wallet knows of one of its transactions.", transaction),
            method("abandontransaction", ["txid"],
                "Gives up a payment that no block holds and that does not wait in the node's pool, so that its coins can be spent again.", abandon),
            method("generate", ["nblocks", "?maxtries"],
                "Mines blocks in the node, to a new address of the wallet, and gives their hashes.", generate),
            method("walletpassphrase", ["passphrase", "timeout"], "Unlocks the wallet for a number of seconds.", unlock),
            method("walletlock", [], "Wipes the wallet's secret from memory.") { parameters in
                try await service.wallet(parameters.wallet).lock()
                return .null
            },
            method("getmnemonic", ["?passphrase"], "Shows the words that bring all of the wallet's money back. Keep them secret.") { parameters in
                let passphrase = parameters.optional(0) == nil ? "" : try parameters.string(0)
                return .string(try await service.wallet(parameters.wallet).mnemonic(passphrase: passphrase))
            },
        ]
    }

    private func method(
        _ name: String, _ parameters: [String], _ summary: String, _ body: @escaping RPCMethod.Handler
    ) -> RPCMethod {
        RPCMethod(name, category: "Wallet", parameters: parameters, summary: summary) { parameters in
            do {
                return try await body(parameters)
            } catch let error as WalletError {
                throw Self.rpcError(error)
            }
        }
    }

    /// bitcoind's numbers for the wallet's errors.
    private static func rpcError(_ error: WalletError) -> RPCError {
        let code = switch error {
        case .insufficientFunds: -6
        case .keyPoolEmpty: -12
        case .locked: -13
        case .wrongPassphrase: -14
        case .notEncrypted: -15
        case .notPayable, .invalidMnemonic, .notAbandonable: -5
        case .notAnAmount, .amountBelowDust: -3
        case .refused: -26
        case .feeAboveLimit, .alreadyExists, .file, .damagedFile, .foreignNetwork: -4
        @unknown default: -4
        }
        return RPCError(code, "\(error)")
    }

    private func create(_ parameters: RPCParameters) async throws -> JSONValue {
        guard try !parameters.bool(1, default: false), try !parameters.bool(2, default: false) else {
            throw RPCError.invalidParameter("Wallets without keys are not supported: leave disable_private_keys and blank false.")
        }
        let name = try parameters.string(0)
        let passphrase = parameters.optional(3) == nil ? "" : try parameters.string(3)
        _ = try await service.create(name, passphrase: passphrase, mnemonic: nil)
        return ["name": .string(name), "warning": .string(passphrase.isEmpty
            ? "Empty string given as passphrase, wallet will not be encrypted." : "")]
    }

    private func restore(_ parameters: RPCParameters) async throws -> JSONValue {
        let name = try parameters.string(0)
        let passphrase = parameters.optional(2) == nil ? "" : try parameters.string(2)
        _ = try await service.create(name, passphrase: passphrase, mnemonic: parameters.string(1))
        return ["name": .string(name), "warning": ""]
    }

    private func load(_ parameters: RPCParameters) async throws -> JSONValue {
        let name = try parameters.string(0)
        try await service.load(name)
        return ["name": .string(name), "warning": ""]
    }

    private func unload(_ parameters: RPCParameters) async throws -> JSONValue {
        let name = parameters.optional(0) == nil ? parameters.wallet : try parameters.string(0)
        _ = try await service.unload(name)
        return ["warning": ""]
    }

    private func directory(_ parameters: RPCParameters) async throws -> JSONValue {
        let failures = await service.failures
        let wallets = await service.stored().map { name -> JSONValue in
            guard let reason = failures[name] else { return ["name": .string(name)] }
            return ["name": .string(name), "warnings": [.string("Not loaded: \(reason)")]]
        }
        return ["wallets": .array(wallets)]
    }

    private func info(_ parameters: RPCParameters) async throws -> JSONValue {
        let (name, wallet) = try await service.entry(parameters.wallet)
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

    private func balance(_ parameters: RPCParameters) async throws -> JSONValue {
        guard parameters.optional(0) == nil || parameters.optional(0) == "*" else {
            throw RPCError(-32, "dummy first argument must be excluded or set to \"*\".")
        }
        let wallet = try await service.wallet(parameters.wallet)
        let confirmations = try parameters.integer(1, default: 0)
        return amount(await wallet.ledger.balance(atTip: wallet.tipHeight, confirmations: confirmations))
    }

    private func newAddress(_ parameters: RPCParameters) async throws -> JSONValue {
        let label = parameters.optional(0) == nil ? "" : try parameters.string(0)
        return .string(try await service.wallet(parameters.wallet).newAddress(label: label).description)
    }

    private func balances(_ parameters: RPCParameters) async throws -> JSONValue {
        let balance = try await service.wallet(parameters.wallet).balance
        return ["mine": [
            "trusted": amount(balance.trusted), "untrusted_pending": amount(balance.untrustedPending),
            "immature": amount(balance.immature),
        ]]
    }

    private func send(_ parameters: RPCParameters) async throws -> JSONValue {
        let wallet = try await service.wallet(parameters.wallet)
        let destination: Address
        do {
            destination = try Address(parameters.string(0), prefix: wallet.network.addressPrefix)
        } catch let error as AddressError {
            throw RPCError(-5, "Invalid address: \(error)")
        }
        let value = Amount(haruki: try parameters.haruki(1))
        guard value > .zero else { throw RPCError.type("Invalid amount for send: expected more than 0 FLOW") }
        return .string(try await wallet.send(value, to: destination, through: service.chain).txid.displayHex)
    }

    private func unspent(_ parameters: RPCParameters) async throws -> JSONValue {
        let (least, most) = (try parameters.integer(0, default: 1), try parameters.integer(1, default: 9_999_999))
        let wallet = try await service.wallet(parameters.wallet)
        var wanted: Set<String>?
        if let list = parameters.optional(2) {
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

    private func transactions(_ parameters: RPCParameters) async throws -> JSONValue {
        let wallet = try await service.wallet(parameters.wallet)
        let label = parameters.optional(0) == nil ? "*" : try parameters.string(0)
        guard !label.isEmpty else { throw RPCError.invalidParameter("Label argument must be a valid label name or \"*\".") }
        let (count, skip) = (try parameters.integer(1, default: 10), try parameters.integer(2, default: 0))
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

    private func transaction(_ parameters: RPCParameters) async throws -> JSONValue {
        let wallet = try await service.wallet(parameters.wallet)
        let description = await WalletDescription(wallet)
        guard let txid = try? Hash256(displayHex: parameters.string(0)), let entry = description.ledger[txid] else {
            throw RPCError.notFound("Invalid or non-wallet transaction id")
        }
        return description.whole(entry)
    }

    private func abandon(_ parameters: RPCParameters) async throws -> JSONValue {
        let wallet = try await service.wallet(parameters.wallet)
        guard let txid = try? Hash256(displayHex: parameters.string(0)), await wallet.ledger[txid] != nil else {
            throw RPCError.notFound("Invalid or non-wallet transaction id")
        }
        try await wallet.abandon(txid)
        return .null
    }

    private func generate(_ parameters: RPCParameters) async throws -> JSONValue {
        let count = try parameters.integer(0)
        guard (0...100_000).contains(count) else { throw RPCError.invalidParameter("nblocks must be 0 to 100000, got \(count).") }
        let attempts = try parameters.integer(1, default: 1_000_000)
        guard attempts >= 0 else { throw RPCError.invalidParameter("maxtries must not be negative, got \(attempts).") }
        if count == 0 { return [] }
        let program = try await service.wallet(parameters.wallet).newAddress(label: "mined").program
        return .array(try await miner.mine(Int(count), paying: program, attempts: UInt64(attempts)).map { .string($0.displayHex) })
    }

    private func unlock(_ parameters: RPCParameters) async throws -> JSONValue {
        let seconds = try parameters.integer(1)
        guard (1...100_000_000).contains(seconds) else {
            throw RPCError.invalidParameter("Timeout must be 1 to 100000000 seconds, got \(seconds).")
        }
        try await service.wallet(parameters.wallet).unlock(passphrase: parameters.string(0), for: .seconds(seconds))
        return .null
    }

    private func amount(_ value: Amount) -> JSONValue { .amount(haruki: value.haruki) }
}
