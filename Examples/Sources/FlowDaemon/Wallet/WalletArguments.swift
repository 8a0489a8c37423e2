import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import FlowWallet

/// What the wallet's methods read out of arguments and options, with bitcoind's words where it does not fit.
enum WalletArguments {
    static func address(_ text: String, _ wallet: Wallet, code: Int = -5, _ message: String = "Invalid FlowCoin address") throws(RPCError) -> Address {
        try RPCArguments.address(text, prefix: wallet.network.addressPrefix, code: code, message)
    }

    static func partial(_ text: String) throws(RPCError) -> PartiallySignedTransaction {
        do {
            return try PartiallySignedTransaction(base64: text)
        } catch {
            throw .deserialization("TX decode failed \(error)")
        }
    }

    static func checkSighash(_ call: RPCCall) throws(RPCError) {
        guard try call.string("sighashtype") == "ALL" else { throw .invalidParameter("Invalid sighash param: this chain's signatures cover everything (ALL)") }
    }

    static func describe(_ signed: SignedTransaction, of given: Transaction) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("hex", .string(Hex.encode(signed.transaction.encoded))), .init("complete", .bool(signed.isComplete)),
        ]
        if !signed.isComplete {
            members.append(.init("errors", .array(signed.faults.compactMap { fault in
                guard given.inputs.indices.contains(fault.input), signed.transaction.witnesses.indices.contains(fault.input) else { return nil }
                let (input, witness) = (given.inputs[fault.input], signed.transaction.witnesses[fault.input])
                return [
                    "txid": .string(input.outPoint.txid.displayHex), "vout": .integer(input.outPoint.index),
                    "witness": .array(witness.items.map { .string(Hex.encode($0)) }), "scriptSig": "", "sequence": .integer(input.sequence),
                    "error": .string(fault.reason),
                ]
            })))
        }
        return .object(members)
    }

    /// An argument that is an object, with no member but those named; an empty one where it was left out.
    static func options(_ call: RPCCall, name: String = "options", _ allowed: Set<String>) throws(RPCError) -> JSONValue {
        guard let value = call.given(name) else { return [:] }
        guard case .object(let members) = value else { throw .type("Expected type object for \(name)") }
        for member in members where !allowed.contains(member.name) { throw .type("Unexpected key \(member.name)") }
        return value
    }

    static func bool(_ options: JSONValue, _ name: String, default fallback: Bool) throws(RPCError) -> Bool {
        guard let value = options[name], !value.isNull else { return fallback }
        guard let flag = value.boolValue else { throw .type("Expected type bool for \(name)") }
        return flag
    }

    static func integer(_ options: JSONValue, _ name: String) throws(RPCError) -> Int64? {
        guard let value = options[name], !value.isNull else { return nil }
        guard let number = value.intValue else { throw .type("Expected type number for \(name)") }
        return number
    }

    /// bitcoind's three ways to say what room in a block is worth: `fee_rate` (haruki a unit), `feeRate` (FLOW for 1,000 units), or a target, for which this chain's
    /// wallets have one answer.
    static func rate(perUnit: JSONValue?, perThousand: JSONValue?, target: JSONValue?, mode: JSONValue?) throws(RPCError) -> FeeRate? {
        let given = [perUnit, perThousand].map { $0.flatMap { $0.isNull ? nil : $0 } }
        if given[0] != nil, given[1] != nil { throw .invalidParameter("Cannot specify both fee_rate (haruki/unit) and feeRate (FLOW/1000 units)") }
        if let target, !target.isNull {
            if given[0] != nil {
                throw .invalidParameter("Cannot specify both conf_target and fee_rate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.")
            }
            guard let blocks = target.intValue, (1...1_008).contains(blocks) else { throw .invalidParameter("Invalid conf_target, must be between 1 and 1008") }
        }
        if let mode, !mode.isNull {
            guard let word = mode.stringValue?.lowercased(), ["unset", "economical", "conservative"].contains(word) else {
                throw .invalidParameter("Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"")
            }
            if word != "unset", given[0] != nil { throw .invalidParameter("Cannot specify both estimate_mode and fee_rate") }
        }
        if let value = given[0] {
            // Eight decimals of a coin are read, so a thousandth of a haruki is.
            let (haruki, overflow) = try RPCCall.haruki(value).quotientAndRemainder(dividingBy: 100_000)
            guard overflow == 0, haruki > 0 else { throw .type("Invalid amount") }
            return FeeRate(harukiPerThousand: haruki)
        }
        return try given[1].map { value throws(RPCError) in FeeRate(harukiPerThousand: try RPCCall.haruki(value)) }
    }

    static func rate(_ options: JSONValue) throws(RPCError) -> FeeRate? {
        try rate(
            perUnit: options["fee_rate"], perThousand: options["feeRate"], target: options["conf_target"] ?? options["confTarget"],
            mode: options["estimate_mode"])
    }

    /// Which outputs pay the fee: by place.
    static func payers(_ value: JSONValue?, of count: Int) throws(RPCError) -> Set<Int> {
        guard let value, !value.isNull else { return [] }
        guard let items = value.arrayValue else { throw .type("Expected type array for subtractFeeFromOutputs") }
        var places: Set<Int> = []
        for item in items {
            guard let number = item.intValue else { throw .type("JSON value is not an integer as expected") }
            guard number >= 0 else { throw .invalidParameter("Invalid parameter, negative position: \(number)") }
            guard number < count else { throw .invalidParameter("Invalid parameter, position too large: \(number)") }
            guard places.insert(Int(number)).inserted else { throw .invalidParameter("Invalid parameter, duplicated position: \(number)") }
        }
        return places
    }
}
