import FlowConsensus
import FlowNode
import FlowRPC
import FlowWallet

/// Transactions that several hands sign.
extension WalletMethods {
    var partiallySigned: [RPCMethod] {
        [RPCMethod("walletcreatefundedpsbt", createFunded), RPCMethod("walletprocesspsbt", process)]
    }

    private func createFunded(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let inputs = call.given("inputs") == nil ? [] : try call.array("inputs")
        var order = PaymentOrder(outputs: try RPCArguments.recipients(call.value("outputs"), prefix: wallet.network.addressPrefix).map(\.output))
        guard let lock = UInt32(exactly: try call.integer("locktime")) else { throw RPCError.invalidParameter("Invalid parameter, locktime out of range") }
        order.lockTime = lock
        order.inputs = try inputs.map(RPCArguments.input)
        let options = try WalletArguments.options(call, Self.fundOptions)
        try await fill(&order, options, wallet)
        order.addsInputs = try WalletArguments.bool(options, "add_inputs", default: inputs.isEmpty)
        let funded = order
        let made = try await Self.funding { try await wallet.fundPartially(funded, through: service.chain) }
        return ["psbt": .string(made.transaction.base64), "fee": amount(made.fee), "changepos": .integer(made.changePlace ?? -1)]
    }

    private func process(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        var partial = try WalletArguments.partial(call.string("psbt"))
        try WalletArguments.checkSighash(call)
        let spent = try await service.chain.outputs(partial.transaction.inputs.map(\.outPoint))
        partial.update(spent: { spent[$0] })
        let isComplete = try await wallet.process(&partial, signs: try call.bool("sign"), finalizes: try call.bool("finalize"))
        return ["psbt": .string(partial.base64), "complete": .bool(isComplete)]
    }
}
