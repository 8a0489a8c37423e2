import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC

extension NodeMethods {
    var proofs: [RPCMethod] {
        [
            RPCMethod("gettxoutproof") { call in
                var txids: Set<Hash256> = []
                for item in try call.array("txids") {
                    guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
                    guard txids.insert(try RPCArguments.hash(text, "txid")).inserted else { throw RPCError.invalidParameter("Invalid parameter, duplicated txid: \(text)") }
                }
                guard !txids.isEmpty else { throw RPCError.invalidParameter("Parameter 'txids' cannot be empty") }
                let entry = try await proofBlock(call, txids)
                guard let block = try await chain.block(entry.hash) else { throw RPCError.misc("Block not available (not downloaded yet)") }
                guard let proof = TransactionProof(of: txids, in: block) else { throw RPCError.notFound("Not all transactions found in specified or retrieved block") }
                return .string(Hex.encode(proof.encoded))
            },
            RPCMethod("verifytxoutproof") { call in
                guard let bytes = try? Hex.decode(call.string("proof")) else { throw RPCError.invalidParameter("proof must be hexadecimal string") }
                guard let proof = try? TransactionProof(decoding: bytes), proof.isValid else { return [] }
                guard await chain.isConnected(proof.header.hash) else { throw RPCError.notFound("Block not found in chain") }
                return .array(proof.entries.map { .string($0.txid.displayHex) })
            },
        ]
    }

    /// The block that is named, or the one that made a coin which one of the transactions still has.
    private func proofBlock(_ call: RPCCall, _ txids: Set<Hash256>) async throws -> BlockIndexEntry {
        if call.given("blockhash") != nil { return try await entry(call.hash("blockhash")) }
        for txid in txids {
            guard let coin = try await chain.read({ try $0.store.unspentCoin(of: txid) }), let entry = await chain.entry(at: coin.height) else { continue }
            return entry
        }
        throw RPCError.notFound("Transaction not yet in block")
    }
}
