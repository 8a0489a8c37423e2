import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import FlowWallet

/// Payments and their fees.
extension WalletMethods {
    var payments: [RPCMethod] {
        [
            RPCMethod("sendtoaddress", sendToAddress), RPCMethod("sendmany", sendMany), RPCMethod("send", send),
            RPCMethod("bumpfee") { call in try await bump(call, isPartial: false) }, RPCMethod("psbtbumpfee") { call in try await bump(call, isPartial: true) },
            RPCMethod("abandontransaction") { call in
                let wallet = try await service.wallet(call.wallet)
                let txid = try call.hash("txid")
                guard await wallet.ledger[txid] != nil else { throw RPCError.notFound("Invalid or non-wallet transaction id") }
                try await wallet.abandon(txid)
                return .null
            },
            RPCMethod("settxfee") { call in
                let rate = FeeRate(harukiPerThousand: try call.haruki("amount"))
                guard rate.harukiPerThousand == 0 || rate >= .relay else {
                    throw RPCError.invalidParameter("txfee cannot be less than min relay tx fee (\(Amount(haruki: FeeRate.relay.harukiPerThousand)) FLOW/1000 units)")
                }
                guard rate.harukiPerThousand <= 10_000_000 else {
                    throw RPCError.invalidParameter("txfee cannot be more than wallet max tx fee (0.10000000 FLOW/1000 units)")
                }
                try await service.wallet(call.wallet).setRate(rate.harukiPerThousand == 0 ? nil : rate)
                return true
            },
        ]
    }

    private static func rate(_ call: RPCCall) throws(RPCError) -> FeeRate? {
        try WalletArguments.rate(perUnit: call.given("fee_rate"), perThousand: nil, target: call.given("conf_target"), mode: call.given("estimate_mode"))
    }

    private func pay(_ call: RPCCall, _ wallet: Wallet, _ order: PaymentOrder) async throws -> JSONValue {
        var order = order
        order.rate = try Self.rate(call)
        if call.given("replaceable") != nil { order.isReplaceable = try call.bool("replaceable") }
        if call.given("comment") != nil { order.comment = try call.string("comment") }
        let txid = JSONValue.string(try await wallet.pay(order, through: service.chain).txid.displayHex)
        return try call.bool("verbose") ? ["txid": txid, "fee_reason": .string(order.rate == nil ? "Fallback fee" : "Fee set by caller")] : txid
    }

    private func sendToAddress(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let destination = try WalletArguments.address(call.string("address"), wallet, "Invalid address")
        let value = Amount(haruki: try call.haruki("amount"))
        guard value > .zero else { throw RPCError.type("Invalid amount for send: expected more than 0 FLOW") }
        var order = PaymentOrder(paying: value, to: destination)
        if try call.bool("subtractfeefromamount") { order.feePayers = [0] }
        if call.given("comment_to") != nil { order.payee = try call.string("comment_to") }
        return try await pay(call, wallet, order)
    }

    private func sendMany(_ call: RPCCall) async throws -> JSONValue {
        guard try call.string("dummy").isEmpty else { throw RPCError.invalidParameter("Dummy value must be set to \"\"") }
        let wallet = try await service.wallet(call.wallet)
        let recipients = try RPCArguments.recipients(call.value("amounts"), prefix: wallet.network.addressPrefix)
        guard !recipients.isEmpty else { throw RPCError(-6, "Transaction must have at least one recipient") }
        var order = PaymentOrder(outputs: recipients.map(\.output))
        if call.given("subtractfeefrom") != nil {
            for item in try call.array("subtractfeefrom") {
                guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
                let address = try WalletArguments.address(text, wallet)
                guard let place = order.outputs.firstIndex(where: { $0.program == address.program }) else {
                    throw RPCError.invalidParameter("Invalid parameter, \(text) is not paid by this transaction")
                }
                guard order.feePayers.insert(place).inserted else { throw RPCError.invalidParameter("Invalid parameter, duplicated address: \(text)") }
            }
        }
        return try await pay(call, wallet, order)
    }

    private static let sendOptions: Set<String> = [
        "add_inputs", "add_to_wallet", "change_address", "change_position", "change_type", "conf_target", "estimate_mode", "fee_rate", "include_watching",
        "inputs", "locktime", "lock_unspents", "psbt", "subtract_fee_from_outputs", "replaceable",
    ]

    private func send(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let options = try WalletArguments.options(call, Self.sendOptions)
        let recipients = try RPCArguments.recipients(call.value("outputs"), prefix: wallet.network.addressPrefix)
        var order = PaymentOrder(outputs: recipients.map(\.output))
        try await fill(&order, options, wallet)
        let rate = try Self.rate(call)
        guard rate == nil || order.rate == nil else { throw RPCError.invalidParameter("Pass fee_rate either as an argument, or in the options object, but not both") }
        order.rate = rate ?? order.rate
        let isPartial = try WalletArguments.bool(options, "psbt", default: false), keeps = try WalletArguments.bool(options, "add_to_wallet", default: true)
        if await wallet.watchesOnly || isPartial || !keeps {
            var (partial, _, _) = try await wallet.fundPartially(order, through: service.chain)
            let isComplete = await wallet.watchesOnly ? false : try await wallet.process(&partial)
            var members: [JSONValue.Member] = [.init("complete", .bool(isComplete))]
            if isPartial || !isComplete { members.append(.init("psbt", .string(partial.base64))) }
            if let whole = partial.extracted, !isPartial { members += [.init("txid", .string(whole.txid.displayHex)), .init("hex", .string(Hex.encode(whole.encoded)))] }
            return .object(members)
        }
        return ["complete": true, "txid": .string(try await wallet.pay(order, through: service.chain).txid.displayHex)]
    }

    /// What `send`, `fundrawtransaction` and `walletcreatefundedpsbt` let the caller choose, under either's names.
    func fill(_ order: inout PaymentOrder, _ options: JSONValue, _ wallet: Wallet) async throws {
        func either(_ one: String, _ other: String) -> JSONValue? { options[one] ?? options[other] }
        order.rate = try WalletArguments.rate(options)
        order.isReplaceable = try WalletArguments.bool(options, "replaceable", default: order.isReplaceable)
        order.locksCoins = try WalletArguments.bool(options, options["lock_unspents"] == nil ? "lockUnspents" : "lock_unspents", default: false)
        order.feePayers = try WalletArguments.payers(either("subtract_fee_from_outputs", "subtractFeeFromOutputs"), of: order.outputs.count)
        order.spendsWatched = try WalletArguments.bool(
            options, options["include_watching"] == nil ? "includeWatching" : "include_watching", default: await wallet.watchesOnly)
        if let text = either("change_address", "changeAddress") {
            guard let text = text.stringValue, let address = try? Address(text, prefix: wallet.network.addressPrefix) else {
                throw RPCError.notFound("changeAddress must be a valid FlowCoin address")
            }
            order.changeProgram = address.program
        }
        if let place = try WalletArguments.integer(options, options["change_position"] == nil ? "changePosition" : "change_position"), place != -1 {
            guard place >= 0, place <= order.outputs.count else { throw RPCError.invalidParameter("changePosition out of bounds") }
            order.changePlace = Int(place)
        }
        if let lock = try WalletArguments.integer(options, "locktime") {
            guard let lock = UInt32(exactly: lock) else { throw RPCError.invalidParameter("Invalid parameter, locktime out of range") }
            order.lockTime = lock
        }
        if let inputs = options["inputs"] {
            guard let items = inputs.arrayValue else { throw RPCError.type("Expected type array for inputs") }
            order.inputs += try items.map(RPCArguments.input)
        }
        order.addsInputs = try WalletArguments.bool(options, "add_inputs", default: order.inputs.isEmpty || options["inputs"] == nil)
    }

    private func bump(_ call: RPCCall, isPartial: Bool) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        if !isPartial, await wallet.watchesOnly {
            throw RPCError(-4, "bumpfee is not available with wallets that have private keys disabled. Use psbtbumpfee instead.")
        }
        let txid = try call.hash("txid")
        let options = try WalletArguments.options(call, ["conf_target", "confTarget", "fee_rate", "replaceable", "estimate_mode"])
        let rate = try WalletArguments.rate(options)
        if let rate, rate < .relay { throw RPCError.invalidParameter("Insufficient total fee: a fee rate below the \(FeeRate.relay.harukiPerThousand) haruki for 1,000 units that nodes relay") }
        let isReplaceable = try WalletArguments.bool(options, "replaceable", default: true)
        let first: JSONValue.Member, fees: (Amount, Amount)
        if isPartial {
            let made = try await wallet.draftBump(txid, rate: rate, isReplaceable: isReplaceable, through: service.chain)
            first = .init("psbt", .string(made.transaction.base64))
            fees = (made.oldFee, made.fee)
        } else {
            let made = try await wallet.bump(txid, rate: rate, isReplaceable: isReplaceable, through: service.chain)
            first = .init("txid", .string(made.transaction.txid.displayHex))
            fees = (made.oldFee, made.fee)
        }
        return .object([first, .init("origfee", amount(fees.0)), .init("fee", amount(fees.1)), .init("errors", [])])
    }
}
