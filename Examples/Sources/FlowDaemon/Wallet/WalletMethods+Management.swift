import FlowCrypto
import FlowRPC
import FlowWallet

/// Wallets as files: made, loaded, told of.
extension WalletMethods {
    var management: [RPCMethod] {
        [
            RPCMethod("createwallet", create), RPCMethod("restorewallet", restore), RPCMethod("loadwallet", load), RPCMethod("unloadwallet", unload),
            RPCMethod("listwallets") { _ in .array(await service.names.map { .string($0) }) }, RPCMethod("listwalletdir", directory),
            RPCMethod("getwalletinfo", info), RPCMethod("setwalletflag", setFlag),
            RPCMethod("backupwallet") { call in
                do {
                    try await service.wallet(call.wallet).backUp(to: call.string("destination"))
                } catch let error as WalletError {
                    throw RPCError(-4, "Error: Wallet backup failed! \(error)")
                }
                return .null
            },
        ]
    }

    private func create(_ call: RPCCall) async throws -> JSONValue {
        let (name, passphrase) = (try call.string("wallet_name"), try call.string("passphrase"))
        let (watchesOnly, isBlank) = (try call.bool("disable_private_keys"), try call.bool("blank"))
        if watchesOnly || isBlank {
            guard passphrase.isEmpty else {
                throw RPCError(-4, watchesOnly
                    ? "Passphrase provided but private keys are disabled. A passphrase is only used to encrypt private keys, so cannot be used for wallets with private keys disabled."
                    : "Passphrase provided but the wallet is to be blank: there is no secret to encrypt.")
            }
            let wallet = try await service.createWithoutKeys(name, watchesOnly: watchesOnly)
            if try call.bool("avoid_reuse") { try await wallet.setAvoidsReuse(true) }
            return ["name": .string(name), "warning": ""]
        }
        let wallet = try await service.create(name, passphrase: passphrase, mnemonic: nil)
        if try call.bool("avoid_reuse") { try await wallet.setAvoidsReuse(true) }
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
        guard call.wallet == nil || name == call.wallet else {
            throw RPCError.invalidParameter("The RPC endpoint wallet and the wallet name parameter specify different wallets.")
        }
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
            "walletname": .string(name), "walletversion": 3, "format": "json",
            "balance": amount(balance.trusted), "unconfirmed_balance": amount(balance.untrustedPending),
            "immature_balance": amount(balance.immature), "txcount": .integer(ledger.transactionCount),
            "keypoolsize": .integer(await wallet.keysAhead), "paytxfee": .amount(haruki: await wallet.rate?.harukiPerThousand ?? 0),
            "encrypted": .bool(await wallet.isEncrypted), "unlocked": .bool(await !wallet.isLocked),
            "private_keys_enabled": .bool(await !wallet.watchesOnly), "blank": .bool(await !wallet.hasSecret), "avoid_reuse": .bool(await wallet.avoidsReuse), "descriptors": false,
            "birthday": .integer(await wallet.birthday),
            "scanning": scanned.map { ["height": .integer($0)] } ?? false,
            "lastprocessedblock": ledger.tip.map {
                ["hash": .string($0.hash.displayHex), "height": .integer($0.height)]
            } ?? .null,
        ]
    }

    private func setFlag(_ call: RPCCall) async throws -> JSONValue {
        let (flag, value) = (try call.string("flag"), try call.bool("value"))
        let wallet = try await service.wallet(call.wallet)
        switch flag {
        case "avoid_reuse": break
        case "disable_private_keys", "blank", "descriptor_wallet", "key_origin_metadata": throw RPCError.invalidParameter("Wallet flag is immutable: \(flag)")
        default: throw RPCError.invalidParameter("Unknown wallet flag: \(flag)")
        }
        guard await wallet.avoidsReuse != value else { throw RPCError.invalidParameter("Wallet flag is already set to \(value): \(flag)") }
        try await wallet.setAvoidsReuse(value)
        return [
            "flag_name": .string(flag), "flag_state": .bool(value),
            "warnings": value ? "You need to rescan the blockchain in order to correctly mark used destinations in the past." : "",
        ]
    }
}
