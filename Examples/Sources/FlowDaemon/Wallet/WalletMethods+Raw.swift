import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import FlowWallet

/// Raw transactions and messages.
extension WalletMethods {
    var raw: [RPCMethod] {
        [
            RPCMethod("signmessage") { call in
                let wallet = try await service.wallet(call.wallet)
                let address = try WalletArguments.address(call.string("address"), wallet, code: -3, "Invalid address")
                return .string("\(try await wallet.sign(message: call.string("message"), by: address))")
            },
            RPCMethod("signrawtransactionwithwallet", sign), RPCMethod("fundrawtransaction", fund), RPCMethod("simulaterawtransaction", simulate),
        ]
    }

    /// What `fundrawtransaction` and `walletcreatefundedpsbt` let the caller choose.
    static let fundOptions: Set<String> = [
        "add_inputs", "changeAddress", "changePosition", "change_type", "includeWatching", "lockUnspents", "fee_rate", "feeRate", "subtractFeeFromOutputs",
        "replaceable", "conf_target", "estimate_mode",
    ]

    private func fund(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let given = try RPCArguments.transaction(call.string("hexstring"))
        guard !given.outputs.isEmpty else { throw RPCError.invalidParameter("TX must have at least one output") }
        var order = PaymentOrder(outputs: given.outputs)
        order.inputs = given.inputs.map { ($0.outPoint, $0.sequence) }
        order.version = given.version
        order.lockTime = given.lockTime
        // bitcoind takes `true` for includeWatching.
        if call.given("options")?.boolValue == true {
            order.spendsWatched = true
        } else {
            try await fill(&order, try WalletArguments.options(call, Self.fundOptions), wallet)
        }
        let funded = order
        let draft = try await Self.funding { try await wallet.fund(funded, through: service.chain) }
        return [
            "hex": .string(Hex.encode(draft.transaction.encoded)), "fee": amount(draft.fee), "changepos": .integer(draft.changePlace ?? -1),
        ]
    }

    /// Whoever asks for coins for a transaction of his own is told −4 where there are too few, as by bitcoind; who pays is told −6.
    static func funding<Draft>(_ fund: () async throws -> Draft) async throws -> Draft {
        do {
            return try await fund()
        } catch let error as WalletError {
            guard case .insufficientFunds = error else { throw error }
            throw RPCError(-4, "\(error)")
        }
    }

    private func sign(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let given = try RPCArguments.transaction(call.string("hexstring"))
        try WalletArguments.checkSighash(call)
        let signed = try await wallet.sign(given, spent: try await service.chain.spentOutputs(of: given, claimed: call.given("prevtxs")))
        return WalletArguments.describe(signed, of: given)
    }

    private func simulate(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let options = try WalletArguments.options(call, ["include_watchonly"])
        var transactions: [Transaction] = []
        for item in try call.array("rawtxs") {
            guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
            transactions.append(try RPCArguments.transaction(text))
        }
        let countsWatched = try WalletArguments.bool(options, "include_watchonly", default: await wallet.watchesOnly)
        do {
            return ["balance_change": .amount(haruki: try await wallet.balanceChange(by: transactions, countingWatched: countsWatched))]
        } catch WalletError.notSpendable {
            throw RPCError.invalidParameter("One or more transaction inputs are missing or have been spent already")
        }
    }
}
