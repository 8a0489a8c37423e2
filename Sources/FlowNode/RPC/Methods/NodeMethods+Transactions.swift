import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC

extension NodeMethods {
    /// The most haruki for 1,000 units of cost that a caller wants to pay: 0.1 FLOW unless told otherwise; nil, for 0, is no limit.
    private static func highestRate(_ call: RPCCall) throws -> Int64? {
        let rate = try call.haruki("maxfeerate")
        return rate == 0 ? nil : rate
    }

    private static func isWithin(_ rate: Int64?, _ fee: Amount, of transaction: Transaction) -> Bool {
        guard let rate else { return true }
        let (most, overflow) = rate.multipliedReportingOverflow(by: Int64(clamping: transaction.cost))
        return overflow || fee.haruki <= most / 1_000
    }

    var transactions: [RPCMethod] {
        [
            RPCMethod("getrawtransaction", rawTransaction), RPCMethod("getindexinfo", indexInformation),
            RPCMethod("sendrawtransaction") { call in
                let transaction = try RPCArguments.transaction(call.string("hexstring"))
                let highest = try Self.highestRate(call)
                do {
                    if let highest, try await !Self.isWithin(highest, chain.read({ try $0.test(transaction) }), of: transaction) {
                        throw RPCError.verification("Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
                    }
                    try await chain.submit(transaction)
                } catch let rejection as MempoolRejection {
                    switch rejection.kind {
                    case .known: break
                    case .confirmed: throw RPCError.alreadyInChain("Transaction already in block chain")
                    case .missingInputs: throw RPCError.verification(rejection.reason)
                    default: throw RPCError.rejected(rejection.description)
                    }
                }
                return .string(transaction.txid.displayHex)
            },
            RPCMethod("testmempoolaccept") { call in
                let package = try Self.package(call, "rawtxs")
                return .array(try await testResults(package, highest: Self.highestRate(call)))
            },
            RPCMethod("submitpackage") { call in
                try await submitPackage(Self.package(call, "package"), highest: Self.highestRate(call))
            },
            RPCMethod("decoderawtransaction") { call in
                shape.transaction(try RPCArguments.transaction(call.string("hexstring")))
            },
            RPCMethod("validateaddress") { call in
                let text = try call.string("address")
                let address: Address
                do { address = try Address(text, prefix: parameters.addressPrefix) } catch {
                    return ["isvalid": false, "error": .string("\(error)")]
                }
                return [
                    "isvalid": true, "address": .string(address.description), "scriptPubKey": .string(Hex.encode(address.program.encoded)), "isscript": false, "iswitness": true,
                    "witness_version": .integer(address.program.version), "witness_program": .string(Hex.encode(address.program.bytes)),
                    "ispayable": .bool(address.isPayable),
                ]
            },
        ]
    }

    // MARK: packages

    /// The transactions of an argument, 1 to 25.
    private static func package(_ call: RPCCall, _ name: String) throws -> [Transaction] {
        let list = try call.array(name)
        let most = MempoolPolicy().maximumPackage
        guard (1...most).contains(list.count) else { throw RPCError.invalidParameter("Array must contain between 1 and \(most) transactions.") }
        return try list.map { item in
            guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
            return try RPCArguments.transaction(text)
        }
    }

    private static func names(_ transaction: Transaction) -> [JSONValue.Member] {
        [.init("txid", .string(transaction.txid.displayHex)), .init("wtxid", .string(transaction.witnessHash.displayHex))]
    }

    private static func price(_ entry: MempoolEntry) -> [JSONValue.Member] {
        [.init("vsize", .integer(entry.cost)), .init("fees", ["base": .amount(haruki: entry.fee.haruki)])]
    }

    private func testResults(_ package: [Transaction], highest: Int64?) async throws -> [JSONValue] {
        do {
            return zip(package, try await chain.read { try $0.test(package: package) }).map { transaction, result in
                func refusal(_ reason: String) -> JSONValue { .object(Self.names(transaction) + [.init("allowed", false), .init("reject-reason", .string(reason))]) }
                switch result {
                case .failure(let rejection): return refusal(rejection.reason)
                case .success(let entry):
                    guard Self.isWithin(highest, entry.fee, of: transaction) else { return refusal("max-fee-exceeded") }
                    return .object(Self.names(transaction) + [.init("allowed", true)] + Self.price(entry))
                }
            }
        } catch let rejection as MempoolRejection {
            return package.map { .object(Self.names($0) + [.init("package-error", .string(rejection.reason))]) }
        }
    }

    /// All or none: those that wait already count as taken.
    private func submitPackage(_ package: [Transaction], highest: Int64?) async throws -> JSONValue {
        let tested: [Result<MempoolEntry, MempoolRejection>]
        let refusals: [MempoolRejection?]
        do {
            tested = try await chain.read { try $0.test(package: package) }
            for (transaction, result) in zip(package, tested) {
                guard case .success(let entry) = result, !Self.isWithin(highest, entry.fee, of: transaction) else { continue }
                throw RPCError.verification("max-fee-exceeded: \(entry.fee.haruki) haruki for \(transaction.txid.displayHex)")
            }
            refusals = try await chain.submit(package: package)
        } catch let rejection as MempoolRejection {
            throw RPCError.verification(rejection.reason)
        }
        var results: [JSONValue.Member] = []
        for ((transaction, result), refusal) in zip(zip(package, tested), refusals) {
            var members = [JSONValue.Member("txid", .string(transaction.txid.displayHex))]
            if case .success(let entry) = result { members += Self.price(entry) }
            if let refusal { members.append(.init("error", .string(refusal.reason))) }
            results.append(.init(transaction.witnessHash.displayHex, .object(members)))
        }
        let isTaken = refusals.allSatisfy { $0 == nil }
        return ["package_msg": .string(isTaken ? "success" : "transaction failed"), "tx-results": .object(results), "replaced-transactions": []]
    }

    // MARK: looking up

    private func rawTransaction(_ call: RPCCall) async throws -> JSONValue {
        let txid = try call.hash("txid")
        let verbose = try call.bool("verbose")
        if call.given("blockhash") != nil {
            let entry = try await entry(try call.hash("blockhash"))
            guard let found = try await transaction(txid, in: entry) else {
                throw RPCError.notFound("No such transaction found in the provided block. Use gettransaction for wallet transactions.")
            }
            return await show(found, in: entry, isNamed: true, verbose: verbose)
        }
        if let found = await chain.read({ $0.mempool[txid] })?.transaction { return await show(found, in: nil, verbose: verbose) }
        if let entry = try await chain.read({ try $0.block(ofTransaction: txid) }), let found = try await transaction(txid, in: entry) {
            return await show(found, in: entry, verbose: verbose)
        }
        throw RPCError.notFound(await Self.missing(chain.read { $0.transactionIndex?.isSynced }) + ". Use gettransaction for wallet transactions.")
    }

    private static func missing(_ isIndexed: Bool?) -> String {
        switch isIndexed {
        case true?: "No such mempool or blockchain transaction"
        case false?: "No such mempool transaction. Blockchain transactions are still in the process of being indexed"
        case nil: "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries"
        }
    }

    private func transaction(_ txid: Hash256, in entry: BlockIndexEntry) async throws -> Transaction? {
        guard let block = try await chain.block(entry.hash) else { throw RPCError.misc("Block not available") }
        return block.transactions.first { $0.txid == txid }
    }

    /// - Parameter isNamed: whether the caller named the block, which then may be one that the chain has left
    private func show(_ transaction: Transaction, in entry: BlockIndexEntry?, isNamed: Bool = false, verbose: Bool) async -> JSONValue {
        let hex = JSONValue.string(Hex.encode(transaction.encoded))
        guard verbose else { return hex }
        var members = shape.members(of: transaction) + [.init("hex", hex)]
        if let entry {
            members += [
                .init("blockhash", .string(entry.hash.displayHex)), .init("confirmations", .integer(max(0, await chain.confirmations(entry)))),
                .init("time", .integer(entry.header.time)), .init("blocktime", .integer(entry.header.time)),
            ]
            if isNamed { members.append(.init("in_active_chain", .bool(await chain.isConnected(entry.hash)))) }
        }
        return .object(members)
    }

    /// `getindexinfo`: the indices that are kept, and how far each has come.
    func indexInformation(_ call: RPCCall) async throws -> JSONValue {
        let name = try call.string("index_name")
        guard let index = await chain.read({ $0.transactionIndex }), name.isEmpty || name == "txindex" else { return [:] }
        return ["txindex": ["synced": .bool(index.isSynced), "best_block_height": .integer(index.height)]]
    }
}
