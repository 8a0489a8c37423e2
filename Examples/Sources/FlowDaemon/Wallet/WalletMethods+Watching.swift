import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC
import FlowWallet

/// What a wallet watches, and blocks looked at again.
extension WalletMethods {
    var watching: [RPCMethod] {
        [
            RPCMethod("importaddress") { call in
                let (_, wallet) = try await service.entry(call.wallet)
                if try call.bool("p2sh") { throw RPCError.notFound("Cannot use the p2sh flag with an address - use a script instead") }
                let address = try WalletArguments.address(call.string("address"), wallet, "Invalid FlowCoin address or script")
                return try await watch(call, wallet, address, nil)
            },
            RPCMethod("importpubkey") { call in
                let (_, wallet) = try await service.entry(call.wallet)
                guard let bytes = try? Hex.decode(call.string("pubkey")) else { throw RPCError.notFound("Pubkey must be a hex string") }
                guard let publicKey = Ed25519.PublicKey(bytes: bytes) else { throw RPCError.notFound("Pubkey is not a valid public key") }
                return try await watch(call, wallet, wallet.address(of: LockProgram(publicKey: publicKey)), publicKey)
            },
            RPCMethod("importmulti", importSeveral),
            RPCMethod("rescanblockchain", rescan),
            RPCMethod("abortrescan") { call in .bool(await (try service.entry(call.wallet).1).abortRescan()) },
        ]
    }

    private func watch(_ call: RPCCall, _ wallet: Wallet, _ address: Address, _ publicKey: Ed25519.PublicKey?) async throws -> JSONValue {
        let rescans = try call.bool("rescan")
        if rescans, await wallet.isRescanning { throw WalletError.scanRunning }
        try await register(wallet, address, publicKey, label: Self.label(call.string("label")))
        if rescans { try await wallet.rescan(from: 0, with: service.chain) }
        return .null
    }

    private func register(_ wallet: Wallet, _ address: Address, _ publicKey: Ed25519.PublicKey?, label: String) async throws {
        do {
            try await wallet.watch(address, publicKey: publicKey, label: label)
        } catch WalletError.invalidOrder(let reason) {
            throw RPCError(-4, reason)
        }
    }

    /// Each request is answered by itself: one that fails stops no other.
    private func importSeveral(_ call: RPCCall) async throws -> JSONValue {
        let (_, wallet) = try await service.entry(call.wallet)
        let options = try WalletArguments.options(call, ["rescan"])
        let rescans = try WalletArguments.bool(options, "rescan", default: true)
        if rescans, await wallet.isRescanning { throw WalletError.scanRunning }
        var answers: [JSONValue] = [], isAny = false
        for request in try call.array("requests") {
            do {
                try await importOne(request, wallet)
                answers.append(["success": true])
                isAny = true
            } catch {
                let fault = (error as? RPCError) ?? (error as? WalletError)?.rpcError ?? RPCError(-4, "\(error)")
                answers.append(["success": false, "error": ["code": .integer(fault.code), "message": .string(fault.message)]])
            }
        }
        if rescans, isAny { try await wallet.rescan(from: 0, with: service.chain) }
        return .array(answers)
    }

    private func importOne(_ request: JSONValue, _ wallet: Wallet) async throws {
        guard case .object(let members) = request else { throw RPCError.misc("JSON value is not an object as expected") }
        let known: Set<String> = ["scriptPubKey", "timestamp", "pubkeys", "keys", "internal", "watchonly", "label", "desc", "keypool", "range"]
        for member in members where !known.contains(member.name) { throw RPCError.type("Unexpected key \(member.name)") }
        guard request["timestamp"] != nil else { throw RPCError.type("Missing required timestamp field for key") }
        if let keys = request["keys"]?.arrayValue, !keys.isEmpty { throw RPCError(-4, "Private keys are not imported: make a wallet from its words with restorewallet.") }
        guard let text = request["scriptPubKey"]?["address"]?.stringValue else {
            throw RPCError.invalidParameter("Missing required fields: scriptPubKey with an address")
        }
        let address = try WalletArguments.address(text, wallet)
        var publicKey: Ed25519.PublicKey?
        if let given = request["pubkeys"]?.arrayValue?.first {
            guard let bytes = given.stringValue.flatMap({ try? Hex.decode($0) }), let key = Ed25519.PublicKey(bytes: bytes) else {
                throw RPCError.notFound("Pubkey \"\(given.stringValue ?? "")\" must be a hex string of 32 bytes")
            }
            publicKey = key
        }
        try await register(wallet, address, publicKey, label: Self.label(request["label"]?.stringValue ?? ""))
    }

    private func rescan(_ call: RPCCall) async throws -> JSONValue {
        let (_, wallet) = try await service.entry(call.wallet)
        guard await !wallet.isRescanning else { throw WalletError.scanRunning }
        let tip = try await service.chain.tip().height
        let start = try call.integer("start_height")
        guard start >= 0, start <= tip else { throw RPCError.invalidParameter("Invalid start_height") }
        if call.given("stop_height") != nil {
            let stop = try call.integer("stop_height")
            guard stop >= 0, stop <= tip else { throw RPCError.invalidParameter("Invalid stop_height") }
            guard stop >= start else { throw RPCError.invalidParameter("stop_height must be greater than start_height") }
        }
        // What follows the last height asked for is looked at too: what a wallet owns depends on it.
        let range = try await wallet.rescan(from: UInt32(clamping: start), with: service.chain)
        return ["start_height": .integer(range.first), "stop_height": .integer(range.last)]
    }
}
