import FlowRPC
import FlowWallet

/// The secret: locked, unlocked, sealed anew, shown.
extension WalletMethods {
    var secrets: [RPCMethod] {
        [
            RPCMethod("walletpassphrase", unlock),
            RPCMethod("walletlock") { call in
                try await service.wallet(call.wallet).lock()
                return .null
            },
            RPCMethod("getmnemonic") { call in
                .string(try await service.wallet(call.wallet).mnemonic(passphrase: call.string("passphrase")))
            },
            RPCMethod("encryptwallet") { call in
                let wallet = try await service.wallet(call.wallet)
                do {
                    try await wallet.encrypt(passphrase: call.string("passphrase"))
                } catch WalletError.alreadyEncrypted {
                    throw RPCError(-15, "Error: running with an encrypted wallet, but encryptwallet was called.")
                } catch let error as WalletError where error == .noPrivateKeys || error == .noSecret {
                    throw RPCError(-16, "Error: wallet does not contain private keys, nothing to encrypt.")
                }
                return "wallet encrypted; The words of its mnemonic are the same as before, and so is their worth: whoever has an older copy of the file or knows the words can spend. Make a new backup."
            },
            RPCMethod("walletpassphrasechange") { call in
                let wallet = try await service.wallet(call.wallet)
                do {
                    try await wallet.changePassphrase(from: call.string("oldpassphrase"), to: call.string("newpassphrase"))
                } catch WalletError.notEncrypted {
                    throw RPCError(-15, "Error: running with an unencrypted wallet, but walletpassphrasechange was called.")
                }
                return .null
            },
            RPCMethod("keypoolrefill") { call in
                let count = try call.integer("newsize")
                guard count >= 0 else { throw RPCError.invalidParameter("Invalid parameter, expected valid size.") }
                guard count <= 1_000_000 else { throw RPCError.invalidParameter("Invalid parameter, at most 1000000 keys are kept ahead.") }
                try await service.wallet(call.wallet).refillKeys(ahead: UInt32(clamping: count))
                return .null
            },
        ]
    }

    private func unlock(_ call: RPCCall) async throws -> JSONValue {
        let seconds = try call.integer("timeout")
        guard (1...100_000_000).contains(seconds) else {
            throw RPCError.invalidParameter("Timeout must be 1 to 100000000 seconds, got \(seconds).")
        }
        try await service.wallet(call.wallet).unlock(passphrase: call.string("passphrase"), for: .seconds(seconds))
        return .null
    }
}
