import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC

extension NodeMethods {
    var blockchain: [RPCMethod] {
        [
            RPCMethod("getblockchaininfo", info),
            RPCMethod("getblockcount") { _ in
                .integer(await chain.tip().height)
            },
            RPCMethod("getbestblockhash") { _ in
                .string(await chain.tip().hash.displayHex)
            },
            RPCMethod("getdifficulty") { _ in
                .double(difficulty(await chain.tip().header.bits))
            },
            RPCMethod("getblockhash") { call in
                let height = try call.integer("height")
                guard let height = BlockHeight(exactly: height), let entry = await chain.entry(at: height) else {
                    throw RPCError.invalidParameter("Block height out of range")
                }
                return .string(entry.hash.displayHex)
            },
            RPCMethod("getblockheader") { call in
                let entry = try await entry(try call.hash("blockhash"))
                guard try call.bool("verbose") else { return .string(Hex.encode(entry.header.encoded)) }
                return .object(try await header(entry))
            },
            RPCMethod("getblock", block),
        ]
    }

    private func info(_ call: RPCCall) async throws -> JSONValue {
        let status = try await chain.status()
        let tip = status.tip
        let progress = status.bestHeader.height == 0 ? 1 : min(1, Double(tip.height) / Double(status.bestHeader.height))
        return [
            "chain": .string(chainName), "blocks": .integer(tip.height), "headers": .integer(max(tip.height, status.bestHeader.height)),
            "bestblockhash": .string(tip.hash.displayHex), "difficulty": .double(difficulty(tip.header.bits)),
            "time": .integer(tip.header.time), "mediantime": .integer(status.medianTimePast), "verificationprogress": .double(progress),
            "initialblockdownload": .bool(status.isSyncing), "chainwork": .string(tip.chainWork.description),
            "size_on_disk": .integer(await chain.read { $0.sizeOfBlocks }), "pruned": false, "genesishash": .string(await chain.genesis.displayHex),
            "trainingsteps": .integer(chain.parameters.trainingSteps(before: tip.height &+ 1)), "replaying": .bool(status.isReplaying), "warnings": .string(await chain.warnings()),
        ]
    }

    /// The fields that header and block share.
    func header(_ entry: BlockIndexEntry) async throws -> [JSONValue.Member] {
        let header = entry.header
        var members: [JSONValue.Member] = [
            .init("hash", .string(entry.hash.displayHex)), .init("confirmations", .integer(await chain.confirmations(entry))),
            .init("height", .integer(entry.height)), .init("version", .integer(header.version)),
            .init("versionHex", .string(String(repeating: "0", count: max(0, 8 - String(header.version, radix: 16).count)) + String(header.version, radix: 16))),
            .init("merkleroot", .string(header.merkleRoot.displayHex)), .init("modelroot", .string(header.modelRoot.displayHex)),
            .init("time", .integer(header.time)), .init("mediantime", .integer(try await chain.medianTimePast(of: entry))),
            .init("nonce", .integer(header.nonce)), .init("bits", .string(header.bits.description)),
            .init("difficulty", .double(difficulty(header.bits))), .init("chainwork", .string(entry.chainWork.description)),
            .init("nTx", .integer(entry.transactionCount)), .init("steps", .integer(header.steps)),
            .init("deltahash", .string(header.deltaHash.displayHex)), .init("trainingsteps", .integer(chain.parameters.trainingSteps(before: header.height &+ 1))),
            .init("resultroot", entry.resultRoot.map { .string($0.displayHex) } ?? .null),
            .init("heldoutloss", Self.optional(entry.heldOutLoss)), .init("trainingloss", Self.optional(entry.trainingLoss)),
        ]
        if entry.height > 0 { members.append(.init("previousblockhash", .string(header.previousHash.displayHex))) }
        if await chain.isConnected(entry.hash), let next = await chain.entry(at: entry.height &+ 1) {
            members.append(.init("nextblockhash", .string(next.hash.displayHex)))
        }
        return members
    }

    private func block(_ call: RPCCall) async throws -> JSONValue {
        let entry = try await entry(try call.hash("blockhash"))
        guard let block = try await chain.block(entry.hash) else { throw RPCError.misc("Block not available (not downloaded yet)") }
        // true and false are accepted as bitcoind accepts them.
        let verbosity: Int64 = if let flag = call.given("verbosity")?.boolValue { flag ? 1 : 0 } else { try call.integer("verbosity") }
        if verbosity <= 0 { return .string(Hex.encode(block.encoded)) }
        var members = try await header(entry)
        // No part of a block is left out for older nodes, so it has one size.
        members += [
            .init("size", .integer(block.encodedLength)), .init("strippedsize", .integer(block.encodedLength)), .init("weight", .integer(4 * block.cost)),
        ]
        members.append(.init("stepdigests", .array(block.stepDigests.map { .string($0.displayHex) })))
        let list = block.transactions.map { verbosity == 1 ? JSONValue.string($0.txid.displayHex) : .object(shape.members(of: $0) + [.init("hex", .string(Hex.encode($0.encoded)))]) }
        members.append(.init("tx", .array(list)))
        return .object(members)
    }

    var chainDetails: [RPCMethod] {
        [
            RPCMethod("getchaintips") { _ in
                .array(await chain.read { $0.chainTips() }.map { tip in
                    ["height": .integer(tip.entry.height), "hash": .string(tip.entry.hash.displayHex),
                        "branchlen": .integer(tip.branchLength), "status": .string(tip.status.rawValue)]
                })
            },
            RPCMethod("reconsiderblock") { call in
                let hash = try call.hash("blockhash")
                if try await chain.reconsider(hash) { return nil }
                guard await chain.entry(hash) != nil else { throw RPCError.notFound("Block not found") }
                return nil
            },
            RPCMethod("gettxoutsetinfo") { call in
                let kind = try call.string("hash_type")
                guard ["none", "hash_serialized", "hash_serialized_2", "hash_serialized_3"].contains(kind) else {
                    throw RPCError.invalidParameter("'\(kind)' is not a valid hash_type")
                }
                let summary = try await chain.read { try $0.coinSummary(isHashed: kind != "none") }
                var members: [JSONValue.Member] = [
                    .init("height", .integer(summary.tip.height)), .init("bestblock", .string(summary.tip.hash.displayHex)),
                    .init("transactions", .integer(summary.coins.transactions)), .init("txouts", .integer(summary.coins.count)),
                    .init("total_amount", .amount(haruki: summary.coins.total)),
                ]
                if let digest = summary.digest { members.append(.init("hash_serialized", .string(digest.displayHex))) }
                return .object(members)
            },
            RPCMethod("gettxout", output),
        ]
    }

    private func output(_ call: RPCCall) async throws -> JSONValue {
        let txid = try call.hash("txid")
        guard let index = UInt32(exactly: try call.integer("n")) else { return nil }
        let outPoint = OutPoint(txid: txid, index: index)
        let withMempool = try call.bool("include_mempool")
        guard let coin = try await chain.read({ try withMempool ? $0.coinWithMempool(outPoint) : $0.store.coin(for: outPoint) }) else { return nil }
        let tip = await chain.tip()
        return [
            "bestblock": .string(tip.hash.displayHex),
            "confirmations": .integer(coin.height > tip.height ? 0 : tip.height - coin.height + 1),
            "value": .amount(haruki: coin.output.value.haruki), "scriptPubKey": shape.program(coin.output.program), "coinbase": .bool(coin.isCoinbase),
        ]
    }
}
