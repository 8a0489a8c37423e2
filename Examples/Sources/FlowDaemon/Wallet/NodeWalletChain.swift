import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import FlowWallet

/// The wallet's view of the chain, over the node's chain service.
struct NodeWalletChain: WalletChain {
    let chain: ChainService

    func tip() async throws -> (hash: Hash256, height: BlockHeight) {
        let tip = await chain.tip()
        return (tip.hash, tip.height)
    }

    func blockHash(at height: BlockHeight) async throws -> Hash256? { await chain.entry(at: height)?.hash }
    func block(_ hash: Hash256) async throws -> Block? { try await chain.block(hash) }
    func blocks(from height: BlockHeight, limit: Int) async throws -> [Block] { try await chain.blocks(from: height, limit: limit) }

    func pool(since sequence: UInt64?) async throws -> WalletPoolChanges {
        let changes = await chain.mempoolChanges(since: sequence)
        return WalletPoolChanges(
            sequence: changes.sequence, isWhole: changes.isWhole, arrived: changes.arrived.map { .init(transaction: $0.transaction, txid: $0.txid, time: $0.time) },
            left: changes.left)
    }

    /// What outputs hold that no block spends, those of waiting transactions too.
    func outputs(_ outPoints: [OutPoint]) async throws -> [OutPoint: TransactionOutput] {
        var found: [OutPoint: TransactionOutput] = [:]
        for outPoint in outPoints { found[outPoint] = try await chain.coin(outPoint)?.output }
        guard found.count < outPoints.count else { return found }
        let wanted = Set(outPoints.map(\.txid))
        for entry in await chain.mempoolChanges().arrived where wanted.contains(entry.txid) {
            for outPoint in outPoints where outPoint.txid == entry.txid && found[outPoint] == nil {
                found[outPoint] = entry.transaction.outputs.dropFirst(Int(outPoint.index)).first
            }
        }
        return found
    }

    /// What a transaction's inputs spend: what the node's coins and pool say, and what the caller says of others.
    func spentOutputs(of transaction: Transaction, claimed previous: JSONValue?) async throws -> [OutPoint: TransactionOutput] {
        var outputs = try await outputs(transaction.inputs.map(\.outPoint))
        guard let previous else { return outputs }
        for item in previous.arrayValue ?? [] {
            guard case .object = item else { throw RPCError.deserialization("expected object with {\"txid'\",\"vout\",\"scriptPubKey\"}") }
            let outPoint = try RPCArguments.outPoint(item)
            guard let text = item["scriptPubKey"]?.stringValue, let bytes = try? Hex.decode(text), let program = try? LockProgram(decoding: bytes) else {
                throw RPCError.deserialization("scriptPubKey must be a hexadecimal program: version, length and bytes")
            }
            // Signatures cover what the input is worth.
            guard let value = item["amount"] else { throw RPCError.type("Missing amount") }
            let claimed = TransactionOutput(value: Amount(haruki: try RPCCall.haruki(value)), program: program)
            if let known = outputs[outPoint], known.program != program {
                throw RPCError.deserialization("Previous output scriptPubKey mismatch:\n\(Hex.encode(known.program.encoded))\nvs:\n\(text)")
            }
            outputs[outPoint] = claimed
        }
        return outputs
    }

    func submit(_ transaction: Transaction) async throws {
        do {
            _ = try await chain.submit(transaction)
        } catch let rejection as MempoolRejection {
            switch rejection.kind {
            case .known, .confirmed: return
            default: throw WalletError.refused(rejection.description)
            }
        }
    }
}
