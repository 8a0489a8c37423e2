import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC

extension NodeMethods {
    /// The most haruki for 1,000 units of cost that a caller wants to pay: 0.1 FLOW unless told otherwise; nil, for 0, is no limit.
    private static func highestRate(_ call: RPCCall) throws -> Int64? {
        let rate = try call.haruki("maxfeerate")
        return rate == 0 ? nil : rate
    }

    private static func isWithin(_ rate: Int64?, _ fee: Amount, of transaction: Transaction) -> Bool {
        guard let rate else { return true }
        let (most, overflow) = rate.multipliedReportingOverflow(by: Int64(clamping: transaction.cost))
        return overflow || fee.haruki <= most / 1_000
    }

    var transactions: [RPCMethod] {
        [
            RPCMethod("getrawtransaction", rawTransaction),
            RPCMethod("sendrawtransaction") { call in
                let transaction = try RPCArguments.transaction(call.string("hexstring"))
                let highest = try Self.highestRate(call)
                do {
                    if let highest, try await !Self.isWithin(highest, chain.test(transaction), of: transaction) {
                        throw RPCError.verification("Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
                    }
                    try await chain.submit(transaction)
                } catch let rejection as MempoolRejection {
                    switch rejection.kind {
                    case .known: break
                    case .confirmed: throw RPCError.alreadyInChain("Transaction already in block chain")
                    case .missingInputs: throw RPCError.verification(rejection.reason)
                    default: throw RPCError.rejected(rejection.description)
                    }
                }
                return .string(transaction.txid.displayHex)
            },
            RPCMethod("testmempoolaccept") { call in
                let list = try call.array("rawtxs")
                guard list.count == 1, let text = list.first?.stringValue else {
                    throw RPCError.invalidParameter("Array must contain exactly one raw transaction for now")
                }
                let transaction = try RPCArguments.transaction(text)
                let txid = JSONValue.string(transaction.txid.displayHex)
                let highest = try Self.highestRate(call)
                do {
                    let fee = try await chain.test(transaction)
                    guard Self.isWithin(highest, fee, of: transaction) else {
                        return [["txid": txid, "allowed": false, "reject-reason": "max-fee-exceeded"]]
                    }
                    return [["txid": txid, "allowed": true, "vsize": .integer(transaction.cost), "fees": ["base": .amount(haruki: fee.haruki)]]]
                } catch let rejection as MempoolRejection {
                    return [["txid": txid, "allowed": false, "reject-reason": .string(rejection.reason)]]
                }
            },
            RPCMethod("decoderawtransaction") { call in
                shape.transaction(try RPCArguments.transaction(call.string("hexstring")))
            },
            RPCMethod("validateaddress") { call in
                let text = try call.string("address")
                let address: Address
                do { address = try Address(text, prefix: parameters.addressPrefix) } catch {
                    return ["isvalid": false, "error": .string("\(error)")]
                }
                return [
                    "isvalid": true, "address": .string(address.description), "scriptPubKey": .string(Hex.encode(address.program.encoded)), "isscript": false, "iswitness": true,
                    "witness_version": .integer(address.program.version), "witness_program": .string(Hex.encode(address.program.bytes)),
                    "ispayable": .bool(address.isPayable),
                ]
            },
        ]
    }

    private func rawTransaction(_ call: RPCCall) async throws -> JSONValue {
        let txid = try call.hash("txid")
        let verbose = try call.bool("verbose")
        if call.given("blockhash") != nil {
            let entry = try await entry(try call.hash("blockhash"))
            guard let block = try await chain.block(entry.hash) else { throw RPCError.misc("Block not available") }
            guard let found = block.transactions.first(where: { $0.txid == txid }) else {
                throw RPCError.notFound("No such transaction found in the provided block. Use gettransaction for wallet transactions.")
            }
            guard verbose else { return .string(Hex.encode(found.encoded)) }
            return .object(shape.members(of: found) + [
                .init("hex", .string(Hex.encode(found.encoded))), .init("blockhash", .string(entry.hash.displayHex)),
                .init("confirmations", .integer(max(0, await chain.confirmations(entry)))), .init("time", .integer(entry.header.time)),
                .init("blocktime", .integer(entry.header.time)), .init("in_active_chain", .bool(await chain.isConnected(entry.hash))),
            ])
        }
        guard let found = await chain.mempoolEntry(txid)?.transaction else {
            throw RPCError.notFound("No such mempool transaction. Name its block for one that is confirmed. Use gettransaction for wallet transactions.")
        }
        guard verbose else { return .string(Hex.encode(found.encoded)) }
        return .object(shape.members(of: found) + [.init("hex", .string(Hex.encode(found.encoded)))])
    }
}
