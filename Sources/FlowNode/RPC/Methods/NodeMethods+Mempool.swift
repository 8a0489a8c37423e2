import FlowConsensus
import FlowCrypto
import FlowRPC

extension NodeMethods {
    var mempool: [RPCMethod] {
        [
            RPCMethod("getrawmempool") { call in
                let entries = await chain.mempoolEntries()
                let withSequence = try call.bool("mempool_sequence")
                guard try call.bool("verbose") else {
                    let ids = JSONValue.array(entries.map { .string($0.txid.displayHex) })
                    return withSequence ? ["txids": ids, "mempool_sequence": .integer(await chain.read { $0.mempoolNews })] : ids
                }
                guard !withSequence else { throw RPCError.invalidParameter("Verbose results cannot contain mempool sequence values.") }
                var members: [JSONValue.Member] = []
                for entry in entries {
                    if let details = await chain.read({ $0.mempool.details(entry.txid) }) { members.append(.init(entry.txid.displayHex, Self.describe(details))) }
                }
                return .object(members)
            },
            RPCMethod("getmempoolentry") { call in
                let txid = try call.hash("txid")
                guard let details = await chain.read({ $0.mempool.details(txid) }) else { throw RPCError.notFound("Transaction not in mempool") }
                return Self.describe(details)
            },
            RPCMethod("getmempoolancestors") { call in
                try await relatives(call) { $0.ancestors(of: $1) }
            },
            RPCMethod("getmempooldescendants") { call in
                try await relatives(call) { $0.descendants(of: $1) }
            },
            RPCMethod("prioritisetransaction") { call in
                let txid = try call.hash("txid")
                if let dummy = call.given("dummy"), dummy.doubleValue != 0 {
                    throw RPCError.invalidParameter("Priority is no longer supported, dummy argument to prioritisetransaction must be 0.")
                }
                try await chain.prioritise(txid, by: call.integer("fee_delta"))
                return true
            },
            RPCMethod("savemempool") { _ in
                // Each change of the pool is in the store before anybody is told of it.
                nil
            },
            RPCMethod("getmempoolinfo") { _ in
                let info = await chain.read { $0.mempoolInfo }
                return [
                    "loaded": true, "size": .integer(info.count), "bytes": .integer(info.bytes), "usage": .integer(info.usage),
                    "total_fee": .amount(haruki: info.totalFee), "maxmempool": .integer(info.policy.maximumBytes), "mempoolminfee": .amount(haruki: info.minimumFeeRate),
                    "minrelaytxfee": .amount(haruki: info.policy.minimumFeeRate), "unbroadcastcount": 0,
                ]
            },
        ]
    }

    /// What stands before or behind a transaction, in the order of their ids.
    private func relatives(_ call: RPCCall, _ search: @escaping @Sendable (Mempool, Hash256) -> Set<Hash256>) async throws -> JSONValue {
        let txid = try call.hash("txid")
        let found = await chain.read { chain in chain.mempool[txid].map { _ in search(chain.mempool, txid).sorted().compactMap { chain.mempool.details($0) } } }
        guard let found else { throw RPCError.notFound("Transaction not in mempool") }
        guard try call.bool("verbose") else { return .array(found.map { .string($0.entry.txid.displayHex) }) }
        return .object(found.map { .init($0.entry.txid.displayHex, Self.describe($0)) })
    }

    private static func describe(_ details: MempoolDetails) -> JSONValue {
        let entry = details.entry
        return [
            "vsize": .integer(entry.cost), "weight": .integer(4 * entry.cost), "size": .integer(entry.size), "fee": .amount(haruki: entry.fee.haruki),
            "fees": [
                "base": .amount(haruki: entry.fee.haruki), "modified": .amount(haruki: entry.countedFee), "ancestor": .amount(haruki: details.ancestors.fees), "descendant": .amount(haruki: details.descendants.fees),
            ],
            "feerate": .amount(haruki: entry.feeRate), "time": .integer(entry.time), "height": .integer(entry.height), "wtxid": .string(entry.transaction.witnessHash.displayHex),
            "ancestorcount": .integer(details.ancestors.count), "ancestorsize": .integer(details.ancestors.cost),
            "descendantcount": .integer(details.descendants.count), "descendantsize": .integer(details.descendants.cost),
            "depends": .array(details.depends.map { .string($0.displayHex) }), "spentby": .array(details.spentBy.map { .string($0.displayHex) }),
            "bip125-replaceable": .bool(details.isReplaceable), "unbroadcast": false,
        ]
    }
}
