import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import FlowWallet

/// Messages, and transactions that several hands make, without a wallet: what `WalletMethods` is not needed for.
struct SigningMethods: Sendable {
    let chain: NodeWalletChain
    let network: WalletNetwork

    var all: [RPCMethod] {
        [
            RPCMethod("verifymessage", verify), RPCMethod("signmessagewithprivkey", signMessage), RPCMethod("signrawtransactionwithkey", sign),
            RPCMethod("createpsbt", create),
            RPCMethod("converttopsbt") { call in
                let transaction = try RPCArguments.transaction(call.string("hexstring"))
                guard try transaction.witnesses.allSatisfy(\.items.isEmpty) || call.bool("permitsigdata") else {
                    throw RPCError.deserialization("Inputs must not have scriptSigs and scriptWitnesses")
                }
                return .string(try PartiallySignedTransaction(transaction).base64)
            },
            RPCMethod("utxoupdatepsbt") { call in
                var partial = try WalletArguments.partial(call.string("psbt"))
                let spent = try await chain.outputs(partial.transaction.inputs.map(\.outPoint))
                partial.update(spent: { spent[$0] })
                return .string(partial.base64)
            },
            RPCMethod("combinepsbt") { call in .string(try PartiallySignedTransaction.combine(Self.parts(call)).base64) },
            RPCMethod("joinpsbts") { call in
                var generator = SystemRandomNumberGenerator()
                return .string(try PartiallySignedTransaction.join(Self.parts(call), using: &generator).base64)
            },
            RPCMethod("finalizepsbt") { call in
                var partial = try WalletArguments.partial(call.string("psbt"))
                let isComplete = partial.finalize(domain: network.signatureDomain(afterTip: try await chain.tip().height))
                if let whole = partial.extracted, isComplete, try call.bool("extract") { return ["hex": .string(Hex.encode(whole.encoded)), "complete": true] }
                return ["psbt": .string(partial.base64), "complete": .bool(isComplete)]
            },
            RPCMethod("analyzepsbt") { call in Self.analysis(try WalletArguments.partial(call.string("psbt"))) },
            RPCMethod("decodepsbt") { call in decoded(try WalletArguments.partial(call.string("psbt"))) },
        ]
    }

    // MARK: messages

    private func verify(_ call: RPCCall) async throws -> JSONValue {
        guard let address = try? Address(call.string("address"), prefix: network.addressPrefix) else { throw RPCError.type("Invalid address") }
        guard let signature = try? MessageSignature(call.string("signature")) else { throw RPCError.type("Malformed base64 encoding") }
        return .bool(signature.isValid(for: try call.string("message"), by: address.program, genesisHash: network.genesisHash))
    }

    /// A private key is the 32 bytes of its seed in hexadecimal.
    private static func key(_ text: String) throws(RPCError) -> Ed25519.PrivateKey {
        guard let seed = try? Hex.decode(text), let key = try? Ed25519.PrivateKey(seed: seed) else { throw .notFound("Invalid private key") }
        return key
    }

    private func signMessage(_ call: RPCCall) async throws -> JSONValue {
        .string("\(MessageSignature(signing: try call.string("message"), with: try Self.key(call.string("privkey")), genesisHash: network.genesisHash))")
    }

    // MARK: transactions

    private func sign(_ call: RPCCall) async throws -> JSONValue {
        let given = try RPCArguments.transaction(call.string("hexstring"))
        let keys = try call.array("privkeys").map { item throws(RPCError) in
            guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
            return try Self.key(text)
        }
        try WalletArguments.checkSighash(call)
        let spent = try await chain.spentOutputs(of: given, claimed: call.given("prevtxs"))
        let domain = network.signatureDomain(afterTip: try await chain.tip().height)
        let signed = SignedTransaction(given, spending: given.inputs.map { spent[$0.outPoint] }, domain: domain, keys: keys)
        return WalletArguments.describe(signed, of: given)
    }

    private func create(_ call: RPCCall) async throws -> JSONValue {
        .string(try PartiallySignedTransaction(RPCArguments.unsigned(call, prefix: network.addressPrefix)).base64)
    }

    private static func parts(_ call: RPCCall) throws -> [PartiallySignedTransaction] {
        let items = try call.array("txs")
        guard !items.isEmpty else { throw RPCError.invalidParameter("Parameter 'txs' cannot be empty") }
        return try items.map { item throws(RPCError) in
            guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
            return try WalletArguments.partial(text)
        }
    }

    private static func analysis(_ partial: PartiallySignedTransaction) -> JSONValue {
        let analysis = PartiallySignedAnalysis(partial)
        var members: [JSONValue.Member] = [
            .init("inputs", .array(analysis.inputs.map { input in
                var members: [JSONValue.Member] = [
                    .init("has_utxo", .bool(input.hasSpentOutput)), .init("is_final", .bool(input.isFinal)), .init("next", .string(input.next.rawValue)),
                ]
                if let missing = input.missing { members.append(.init("missing", ["signatures": [.string(Hex.encode(missing.bytes))]])) }
                return .object(members)
            }))
        ]
        if let cost = analysis.cost, let fee = analysis.fee {
            members += [
                .init("estimated_vsize", .integer(cost)), .init("estimated_feerate", .amount(haruki: FeeRate(paying: fee, for: cost).harukiPerThousand)),
                .init("fee", .amount(haruki: fee.haruki)),
            ]
        }
        members.append(.init("next", .string(analysis.next.rawValue)))
        if let fault = analysis.fault { members.append(.init("error", .string("PSBT is not valid. \(fault)"))) }
        return .object(members)
    }

    private var shape: TransactionShape { TransactionShape(prefix: network.addressPrefix) }

    private func decoded(_ partial: PartiallySignedTransaction) -> JSONValue {
        func origin(_ origin: PartiallySignedTransaction.KeyOrigin?) -> [JSONValue.Member] {
            guard let origin else { return [] }
            return [.init("bip32_derivs", [["pubkey": .string("\(origin.publicKey)"), "path": .string("m" + origin.path.map { "/\($0)'" }.joined())]])]
        }
        let inputs = partial.inputs.map { input -> JSONValue in
            var members: [JSONValue.Member] = []
            if let output = input.spentOutput {
                members.append(.init("witness_utxo", ["amount": .amount(haruki: output.value.haruki), "scriptPubKey": shape.program(output.program)]))
            }
            if let made = input.signature {
                members.append(.init("partial_signatures", .object([.init("\(made.publicKey)", .string("\(made.signature)"))])))
            }
            members += origin(input.origin)
            if let witness = input.witness { members.append(.init("final_scriptwitness", .array(witness.items.map { .string(Hex.encode($0)) }))) }
            return .object(members)
        }
        var members: [JSONValue.Member] = [
            .init("tx", shape.transaction(partial.transaction)), .init("unknown", [:]), .init("inputs", .array(inputs)), .init("outputs", .array(partial.outputs.map { .object(origin($0.origin)) })),
        ]
        if let fee = PartiallySignedAnalysis(partial).fee { members.append(.init("fee", .amount(haruki: fee.haruki))) }
        return .object(members)
    }
}
