import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC

extension NodeMethods {
    var rawTransactions: [RPCMethod] {
        [
            RPCMethod("createrawtransaction") { call in
                let lockTime = try call.integer("locktime")
                guard let lockTime = UInt32(exactly: lockTime) else { throw RPCError.invalidParameter("Invalid parameter, locktime out of range") }
                let inputs = try call.array("inputs").map { try Self.input($0, lockTime: lockTime, isReplaceable: try call.bool("replaceable")) }
                let created = Transaction(version: 2, inputs: inputs, outputs: try outputs(call.value("outputs")), lockTime: lockTime)
                if call.given("replaceable") == true, !created.signalsReplacement {
                    throw RPCError.invalidParameter("Invalid parameter combination: Sequence number(s) contradict replaceable option")
                }
                return .string(Hex.encode(created.encoded))
            },
            RPCMethod("combinerawtransaction") { call in
                let parts = try call.array("txs").enumerated().map { index, item in
                    guard let text = item.stringValue, let bytes = try? Hex.decode(text), let part = try? Transaction(decoding: bytes) else {
                        throw RPCError.deserialization("TX decode failed for tx \(index). Make sure the tx has at least one input.")
                    }
                    return part
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
                guard case .object(let members) = script(program) else { return nil }
                return .object(members + [.init("type", program.isPayable ? "keyhash" : "unknown"), .init("ispayable", .bool(program.isPayable))])
            },
        ]
    }

    private static func input(_ value: JSONValue, lockTime: UInt32, isReplaceable: Bool) throws -> TransactionInput {
        guard case .object = value else { throw RPCError.misc("JSON value is not an object as expected") }
        guard let text = value["txid"]?.stringValue else { throw RPCError.invalidParameter("Invalid parameter, missing txid key") }
        let txid = try hash(text, "txid")
        guard let number = value["vout"]?.intValue else { throw RPCError.invalidParameter("Invalid parameter, missing vout key") }
        guard number >= 0, let index = UInt32(exactly: number) else { throw RPCError.invalidParameter("Invalid parameter, vout cannot be negative") }
        var sequence = isReplaceable ? TransactionInput.finalSequence - 2 : lockTime > 0 ? TransactionInput.finalSequence - 1 : TransactionInput.finalSequence
        if let given = value["sequence"] {
            guard let number = given.intValue, let exact = UInt32(exactly: number) else { throw RPCError.invalidParameter("Invalid parameter, sequence number is out of range") }
            sequence = exact
        }
        return TransactionInput(outPoint: OutPoint(txid: txid, index: index), sequence: sequence)
    }

    /// `{"address": amount, …}`, or a list of such.
    private func outputs(_ value: JSONValue) throws -> [TransactionOutput] {
        let members: [JSONValue.Member]
        switch value {
        case .object(let list): members = list
        case .array(let items):
            members = try items.flatMap { item in
                guard case .object(let list) = item, list.count == 1 else { throw RPCError.invalidParameter("Invalid parameter, key-value pair must contain exactly one key") }
                return list
            }
        default: throw RPCError.misc("JSON value is not an object or array as expected")
        }
        var seen: Set<String> = []
        return try members.map { member in
            guard member.name != "data" else { throw RPCError.invalidParameter("Invalid parameter, outputs of this chain hold no data") }
            let address: Address
            do { address = try Address(member.name, prefix: parameters.addressPrefix) } catch { throw RPCError.notFound("Invalid FlowCoin address: \(member.name)") }
            guard seen.insert(address.description).inserted else { throw RPCError.invalidParameter("Invalid parameter, duplicated address: \(member.name)") }
            return TransactionOutput(value: Amount(haruki: try RPCCall.haruki(member.value)), program: address.program)
        }
    }
}
