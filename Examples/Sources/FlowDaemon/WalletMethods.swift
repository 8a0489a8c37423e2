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
            method("listwalletdir", [], "Lists the wallets in the node's wallet directory.") { _ in
                ["wallets": .array(await service.stored().map { ["name": .string($0)] })]
            },
            method("getwalletinfo", [], "Tells the state of the wallet.", info),
            method("getnewaddress", ["?label"], "Gives an address that was not handed out before.", newAddress),
            method("getbalance", ["?dummy", "?minconf"], "Gives what can be spent now, in FLOW.") { parameters in
                amount(try await service.wallet(parameters.wallet).balance.trusted)
            },
            method("getbalances", [], "Gives all kinds of balances, in FLOW.", balances),
            method("sendtoaddress", ["address", "amount", "?comment", "?comment_to"],
                "Pays an amount, in FLOW, to an address, and gives the transaction's id.", send),
            method("listunspent", [], "Lists the coins that no known transaction spends.", unspent),
            method("listtransactions", ["?label", "?count"], "Lists the wallet's last transactions, the oldest first.", transactions),
            method("gettransaction", ["txid"], "Tells what the wallet knows of one of its transactions.", transaction),
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
        case .notPayable, .invalidMnemonic: -5
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

    private func info(_ parameters: RPCParameters) async throws -> JSONValue {
        let (name, wallet) = try await service.entry(parameters.wallet)
        let balance = await wallet.balance
        return [
            "walletname": .string(name), "walletversion": 1, "format": "json",
            "balance": amount(balance.trusted), "unconfirmed_balance": amount(balance.untrustedPending),
            "immature_balance": amount(balance.immature), "txcount": .integer(await wallet.ledger.transactions.count),
            "encrypted": .bool(await wallet.isEncrypted), "unlocked": .bool(await !wallet.isLocked),
            "private_keys_enabled": true, "birthday": .integer(await wallet.birthday),
            "lastprocessedblock": await wallet.ledger.tip.map {
                ["hash": .string($0.hash.displayHex), "height": .integer($0.height)]
            } ?? .null,
        ]
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
        let wallet = try await service.wallet(parameters.wallet)
        let tip = await wallet.tipHeight
        var coins: [JSONValue] = []
        for coin in await wallet.ledger.coins {
            coins.append([
                "txid": .string(coin.outPoint.txid.displayHex), "vout": .integer(coin.outPoint.index),
                "address": .string(try await wallet.address(of: coin.key).description), "amount": amount(coin.output.value),
                "confirmations": .integer(confirmations(coin.height, tip)), "spendable": .bool(coin.isSpendable(atTip: tip)),
                "generated": .bool(coin.isCoinbase), "safe": .bool(coin.height != nil || coin.isOwnChange),
            ])
        }
        return .array(coins)
    }

    private func transactions(_ parameters: RPCParameters) async throws -> JSONValue {
        let wallet = try await service.wallet(parameters.wallet)
        let count = try parameters.integer(1, default: 10)
        guard count >= 0 else { throw RPCError.invalidParameter("Negative count") }
        let tip = await wallet.tipHeight
        let all = await wallet.ledger.transactions.values.sorted { $0.sequence < $1.sequence }
        return .array(all.suffix(Int(min(count, 10_000))).map { describe($0, tip) })
    }

    private func transaction(_ parameters: RPCParameters) async throws -> JSONValue {
        let wallet = try await service.wallet(parameters.wallet)
        guard let txid = try? Hash256(displayHex: parameters.string(0)), let entry = await wallet.ledger.transactions[txid] else {
            throw RPCError.notFound("Invalid or non-wallet transaction id")
        }
        return describe(entry, await wallet.tipHeight)
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

    private func describe(_ entry: WalletTransaction, _ tip: BlockHeight) -> JSONValue {
        let net = entry.received.haruki - entry.spent.haruki + (entry.fee?.haruki ?? 0)
        var members: [JSONValue.Member] = [
            .init("txid", .string(entry.txid.displayHex)),
            .init("category", .string(entry.transaction.isCoinbase
                ? (confirmations(entry.block?.height, tip) >= Int64(ConsensusLimits.coinbaseMaturity) ? "generate" : "immature")
                : entry.fee != nil ? "send" : "receive")),
            .init("amount", .amount(haruki: net)),
            .init("confirmations", .integer(confirmations(entry.block?.height, tip))),
        ]
        if let fee = entry.fee { members.append(.init("fee", .amount(haruki: -fee.haruki))) }
        if let block = entry.block {
            members += [
                .init("blockhash", .string(block.hash.displayHex)), .init("blockheight", .integer(block.height)),
                .init("blocktime", .integer(block.time)),
            ]
        }
        return .object(members)
    }

    private func confirmations(_ height: BlockHeight?, _ tip: BlockHeight) -> Int64 {
        height.map { max(0, Int64(tip) - Int64($0) + 1) } ?? 0
    }

    private func amount(_ value: Amount) -> JSONValue { .amount(haruki: value.haruki) }
}
