public import FlowConsensus
public import FlowCrypto
import FlowEncoding
public import FlowRPC

/// What methods read out of their arguments, and out of what stands inside these, with bitcoind's words where it does not fit.
public enum RPCArguments {
    /// A 64-digit hash.
    public static func hash(_ text: String, _ name: String) throws(RPCError) -> Hash256 {
        guard text.utf8.count == 64 else {
            throw .invalidParameter("\(name) must be of length 64 (not \(text.utf8.count), for '\(text.prefix(100))')")
        }
        guard let hash = try? Hash256(displayHex: text) else { throw .invalidParameter("\(name) must be hexadecimal string (not '\(text)')") }
        return hash
    }

    public static func address(_ text: String, prefix: String, code: Int = -5, _ message: String = "Invalid FlowCoin address") throws(RPCError) -> Address {
        do {
            return try Address(text, prefix: prefix)
        } catch {
            throw RPCError(code, "\(message): \(error)")
        }
    }

    /// A transaction's bytes in hexadecimal.
    public static func transaction(_ text: String) throws(RPCError) -> Transaction {
        guard let bytes = try? Hex.decode(text), let transaction = try? Transaction(decoding: bytes) else {
            throw .deserialization("TX decode failed. Make sure the tx has at least one input.")
        }
        return transaction
    }

    /// `{"txid": …, "vout": …}`
    public static func outPoint(_ value: JSONValue) throws(RPCError) -> OutPoint {
        guard case .object = value else { throw .invalidParameter("Invalid parameter, expected object with keys {'txid','vout'}") }
        guard let text = value["txid"]?.stringValue else { throw .invalidParameter("Invalid parameter, missing txid key") }
        let txid = try hash(text, "txid")
        guard let number = value["vout"]?.intValue else { throw .invalidParameter("Invalid parameter, missing vout key") }
        guard number >= 0 else { throw .invalidParameter("Invalid parameter, vout cannot be negative") }
        guard let index = UInt32(exactly: number) else { throw .invalidParameter("Invalid parameter, vout out of range") }
        return OutPoint(txid: txid, index: index)
    }

    /// An outpoint that may name its `sequence`.
    public static func input(_ value: JSONValue) throws(RPCError) -> (outPoint: OutPoint, sequence: UInt32?) {
        let outPoint = try outPoint(value)
        guard let given = value["sequence"], !given.isNull else { return (outPoint, nil) }
        guard let number = given.intValue, let sequence = UInt32(exactly: number) else { throw .invalidParameter("Invalid parameter, sequence number is out of range") }
        return (outPoint, sequence)
    }

    /// `{"address": amount, …}`, or a list of such: in order, with the addresses as they were given.
    public static func recipients(_ value: JSONValue, prefix: String) throws(RPCError) -> [(text: String, output: TransactionOutput)] {
        var members: [JSONValue.Member] = []
        switch value {
        case .object(let list): members = list
        case .array(let items):
            for item in items {
                guard case .object(let list) = item, list.count == 1 else {
                    throw .invalidParameter("Invalid parameter, key-value pair must contain exactly one key")
                }
                members += list
            }
        default: throw .misc("JSON value is not an object or array as expected")
        }
        var recipients: [(String, TransactionOutput)] = [], seen: Set<Address> = []
        for member in members {
            guard member.name != "data" else { throw .invalidParameter("Invalid parameter, outputs of this chain hold no data") }
            let address = try address(member.name, prefix: prefix)
            guard seen.insert(address).inserted else { throw .invalidParameter("Invalid parameter, duplicated address: \(member.name)") }
            let value = try RPCCall.haruki(member.value)
            guard value > 0 else { throw .type("Invalid amount for send") }
            recipients.append((member.name, TransactionOutput(value: Amount(haruki: value), program: address.program)))
        }
        return recipients
    }

    /// A transaction without witnesses, of the arguments `inputs`, `outputs`, `locktime` and `replaceable`.
    public static func unsigned(_ call: RPCCall, prefix: String) throws(RPCError) -> Transaction {
        guard let lockTime = UInt32(exactly: try call.integer("locktime")) else { throw .invalidParameter("Invalid parameter, locktime out of range") }
        let isReplaceable = try call.bool("replaceable")
        let sequence = TransactionInput.finalSequence - (isReplaceable ? 2 : lockTime == 0 ? 0 : 1)
        var inputs: [TransactionInput] = []
        for item in try call.array("inputs") {
            let given = try input(item)
            inputs.append(TransactionInput(outPoint: given.outPoint, sequence: given.sequence ?? sequence))
        }
        let made = Transaction(inputs: inputs, outputs: try recipients(call.value("outputs"), prefix: prefix).map(\.output), lockTime: lockTime)
        guard !isReplaceable || inputs.isEmpty || made.signalsReplacement else {
            throw .invalidParameter("Invalid parameter combination: Sequence number(s) contradict replaceable option")
        }
        return made
    }
}

extension RPCCall {
    /// An argument that is a 64-digit hash.
    public func hash(_ name: String) throws(RPCError) -> Hash256 { try RPCArguments.hash(string(name), name) }
}
