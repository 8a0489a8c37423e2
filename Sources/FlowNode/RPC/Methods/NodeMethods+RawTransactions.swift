import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC

extension NodeMethods {
    var rawTransactions: [RPCMethod] {
        [
            RPCMethod("createrawtransaction") { call in
                .string(Hex.encode(try RPCArguments.unsigned(call, prefix: parameters.addressPrefix).encoded))
            },
            RPCMethod("combinerawtransaction") { call in
                let parts = try call.array("txs").map { item in
                    guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
                    return try RPCArguments.transaction(text)
                }
                guard var combined = parts.first else { throw RPCError.deserialization("Missing transactions") }
                guard parts.allSatisfy({ $0.txid == combined.txid }) else { throw RPCError.invalidParameter("Transactions are not the same but for their signatures") }
                var witnesses = combined.inputs.map { _ in Witness(items: []) }
                for part in parts {
                    for (index, witness) in part.witnesses.enumerated() where witnesses.indices.contains(index) && witnesses[index].items.isEmpty {
                        witnesses[index] = witness
                    }
                }
                combined.witnesses = witnesses.allSatisfy(\.items.isEmpty) ? [] : witnesses
                return .string(Hex.encode(combined.encoded))
            },
            RPCMethod("decodescript") { call in
                // A program's version and bytes, as an output holds it.
                guard let bytes = try? Hex.decode(call.string("hexstring")), let program = try? LockProgram(decoding: bytes), program.isAllowed else {
                    throw RPCError.deserialization("Program decode failed: expected a version from 0 to 16, a length and so many bytes")
                }
                return .object(shape.members(of: program) + [.init("type", program.isPayable ? "keyhash" : "unknown"), .init("ispayable", .bool(program.isPayable))])
            },
        ]
    }
}
