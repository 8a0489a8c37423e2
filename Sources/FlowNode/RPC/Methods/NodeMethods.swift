import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P
import FlowRPC

/// What the node's own JSON-RPC methods work on.
struct NodeMethods: Sendable {
    let configuration: NodeConfiguration
    let parameters: ChainParameters
    let chain: ChainService
    let network: PeerNetwork
    let miner: MiningLoop
    let modelFile: ModelFileKeeper?
    let startedAt: UInt64

    var all: [RPCMethod] { control + blockchain + chainDetails + transactions + rawTransactions + mempool + mining + networking + model + proofs + statistics + operation }

    var control: [RPCMethod] {
        [
            RPCMethod("stop") { _ in
                configuration.onStop()
                return "FlowCoin server stopping"
            },
            RPCMethod("uptime") { _ in
                let now = configuration.clock()
                return .integer(now > startedAt ? now - startedAt : 0)
            },
        ]
    }

    /// bitcoind's words for the networks that it has too.
    var chainName: String {
        switch parameters.name {
        case "mainnet": "main"
        case "testnet": "test"
        default: parameters.name
        }
    }

    // MARK: arguments

    /// A 64-digit hash.
    static func hash(_ text: String, _ name: String) throws(RPCError) -> Hash256 {
        guard text.utf8.count == 64 else {
            throw .invalidParameter("\(name) must be of length 64 (not \(text.utf8.count), for '\(text.prefix(100))')")
        }
        guard let hash = try? Hash256(displayHex: text) else { throw .invalidParameter("\(name) must be hexadecimal string (not '\(text)')") }
        return hash
    }

    func entry(_ hash: Hash256) async throws -> BlockIndexEntry {
        guard let entry = await chain.entry(hash) else { throw RPCError.notFound("Block not found") }
        return entry
    }

    func program(_ address: String) throws -> LockProgram {
        let parsed: Address
        do { parsed = try Address(address, prefix: parameters.addressPrefix) } catch {
            throw RPCError.notFound("Error: Invalid address: \(error)")
        }
        guard parsed.isPayable else { throw RPCError.notFound("Error: Invalid address: no rule gives witness version \(parsed.program.version) a meaning yet, so nothing may be paid to it") }
        return parsed.program
    }

    static func bytes(_ text: String, _ message: String) throws -> [UInt8] {
        guard let bytes = try? Hex.decode(text), !bytes.isEmpty else { throw RPCError.deserialization(message) }
        return bytes
    }

    // MARK: shapes

    /// How much harder than the easiest target.
    func difficulty(_ bits: CompactTarget) -> Double {
        guard let limit = parameters.powLimit.target, let target = bits.target, !target.isZero else { return 0 }
        return Self.double(limit) / Self.double(target)
    }

    static func double(_ value: UInt256) -> Double {
        value.littleEndianBytes.reversed().reduce(0) { $0 * 256 + Double($1) }
    }

    static func optional(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }

    func script(_ program: LockProgram) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("version", .integer(program.version)), .init("hex", .string(Hex.encode(program.bytes))),
        ]
        if let address = try? Address(program: program, prefix: parameters.addressPrefix) {
            members.append(.init("address", .string(address.description)))
        }
        return .object(members)
    }

    func transaction(_ transaction: Transaction) -> JSONValue {
        let inputs = transaction.inputs.enumerated().map { index, input -> JSONValue in
            if transaction.isCoinbase {
                return ["coinbase": .string(Hex.encode(transaction.coinbaseData)), "sequence": .integer(input.sequence)]
            }
            var members: [JSONValue.Member] = [
                .init("txid", .string(input.outPoint.txid.displayHex)), .init("vout", .integer(input.outPoint.index)),
            ]
            if transaction.witnesses.indices.contains(index) {
                members.append(.init("txinwitness", .array(transaction.witnesses[index].items.map { .string(Hex.encode($0)) })))
            }
            members.append(.init("sequence", .integer(input.sequence)))
            return .object(members)
        }
        let outputs = transaction.outputs.enumerated().map { index, output -> JSONValue in
            ["value": .amount(haruki: output.value.haruki), "n": .integer(index), "scriptPubKey": script(output.program)]
        }
        return [
            "txid": .string(transaction.txid.displayHex), "hash": .string(transaction.witnessHash.displayHex),
            "version": .integer(transaction.version), "size": .integer(transaction.encodedLength), "vsize": .integer(transaction.cost),
            "locktime": .integer(transaction.lockTime), "vin": .array(inputs), "vout": .array(outputs),
        ]
    }
}

extension RPCCall {
    /// A 64-digit hash.
    func hash(_ name: String) throws(RPCError) -> Hash256 { try NodeMethods.hash(string(name), name) }
}
