public import FlowConsensus
import FlowCrypto
import FlowEncoding
public import FlowRPC

/// Transactions and lock programs in bitcoind's shapes.
public struct TransactionShape: Sendable {
    private let prefix: String

    /// - Parameter prefix: that of the network's addresses
    public init(prefix: String) { self.prefix = prefix }

    public func program(_ program: LockProgram) -> JSONValue { .object(members(of: program)) }

    func members(of program: LockProgram) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("version", .integer(program.version)), .init("hex", .string(Hex.encode(program.bytes))),
            .init("asm", .string("\(program.version) \(Hex.encode(program.bytes))")), .init("type", .string(Self.type(of: program))),
        ]
        if let address = try? Address(program: program, prefix: prefix) {
            members.append(.init("address", .string(address.description)))
        }
        return members
    }

    /// bitcoind's name for the kind of program that stands where this one does.
    private static func type(of program: LockProgram) -> String { program.isPayable ? "witness_v0_keyhash" : "witness_unknown" }

    public func transaction(_ transaction: Transaction) -> JSONValue { .object(members(of: transaction)) }

    func members(of transaction: Transaction) -> [JSONValue.Member] {
        let inputs = transaction.inputs.enumerated().map { index, input -> JSONValue in
            if transaction.isCoinbase {
                return ["coinbase": .string(Hex.encode(transaction.coinbaseData)), "sequence": .integer(input.sequence)]
            }
            // What opens a coin is a witness here.
            var members: [JSONValue.Member] = [
                .init("txid", .string(input.outPoint.txid.displayHex)), .init("vout", .integer(input.outPoint.index)), .init("scriptSig", ["asm": "", "hex": ""]),
            ]
            if transaction.witnesses.indices.contains(index) {
                members.append(.init("txinwitness", .array(transaction.witnesses[index].items.map { .string(Hex.encode($0)) })))
            }
            members.append(.init("sequence", .integer(input.sequence)))
            return .object(members)
        }
        let outputs = transaction.outputs.enumerated().map { index, output -> JSONValue in
            ["value": .amount(haruki: output.value.haruki), "n": .integer(index), "scriptPubKey": program(output.program)]
        }
        return [
            .init("txid", .string(transaction.txid.displayHex)), .init("hash", .string(transaction.witnessHash.displayHex)),
            .init("version", .integer(transaction.version)), .init("size", .integer(transaction.encodedLength)), .init("vsize", .integer(transaction.cost)),
            .init("weight", .integer(4 * transaction.cost)),
            .init("locktime", .integer(transaction.lockTime)), .init("vin", .array(inputs)), .init("vout", .array(outputs)),
        ]
    }
}
