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
            RPCMethod("setmocktime") { call in
                guard let setClock = configuration.setClock else { throw RPCError.misc("setmocktime is for regression testing (-regtest mode) only") }
                let time = try call.integer("timestamp")
                guard time >= 0, time <= Int64(UInt32.max) else { throw RPCError.invalidParameter("Mocktime must be in the range [0, \(UInt32.max)], not \(time).") }
                setClock(UInt64(time))
                return nil
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

    var shape: TransactionShape { TransactionShape(prefix: parameters.addressPrefix) }
}
