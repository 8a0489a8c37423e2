import FlowConsensus
import FlowCrypto
import FlowRPC

extension NodeMethods {
    var statistics: [RPCMethod] {
        [
            RPCMethod("getblockstats", blockStatistics),
            RPCMethod("getchaintxstats", chainStatistics),
            RPCMethod("getnetworkhashps") { call in
                let (count, height) = (try call.integer("nblocks"), try call.integer("height"))
                let tip = await chain.tip()
                let end = height < 0 || height > Int64(tip.height) ? tip : await chain.entry(at: BlockHeight(height)) ?? tip
                // As bitcoind: from 0 down, all blocks since the target moved last.
                return .double(await stepRate(over: count > 0 ? count : Int64(end.height % max(1, parameters.retargetPeriod)) + 1, upTo: end))
            },
            RPCMethod("getgrowthschedule") { _ in
                let height = await chain.tip().height
                var stages: [JSONValue] = [Self.stage(height: 0, parameters.model, cost: 1, isInForce: true)]
                for stage in parameters.growthSchedule {
                    let ratio = Double(stage.costRatio.numerator) / Double(max(1, stage.costRatio.denominator))
                    stages.append(Self.stage(height: stage.height, stage.model, cost: ratio, isInForce: stage.height <= height))
                }
                return .array(stages)
            },
            RPCMethod("waitfornewblock") { call in
                let start = await chain.tip().hash
                return try await wait(call) { $0.hash != start }
            },
            RPCMethod("waitforblock") { call in
                let hash = try call.hash("blockhash")
                return try await wait(call) { $0.hash == hash }
            },
            RPCMethod("waitforblockheight") { call in
                let height = try call.integer("height")
                return try await wait(call) { Int64($0.height) >= height }
            },
        ]
    }

    /// Tickets a second that the work of some blocks stands for, the last of them `end`; 0 where no time passed.
    func stepRate(over count: Int64, upTo end: BlockIndexEntry) async -> Double {
        guard end.height > 0, let start = await chain.entry(at: end.height - BlockHeight(min(count, Int64(end.height)))), end.header.time > start.header.time
        else { return 0 }
        return (Self.double(end.chainWork.value) - Self.double(start.chainWork.value)) / Double(end.header.time - start.header.time)
    }

    private static func stage(height: BlockHeight, _ model: ModelShape, cost: Double, isInForce: Bool) -> JSONValue {
        [
            "height": .integer(height), "inforce": .bool(isInForce), "embeddinglength": .integer(model.embeddingLength), "layers": .integer(model.layerCount),
            "heads": .integer(model.headCount), "experts": .integer(model.expertCount), "expertwidth": .integer(model.expertWidth),
            "contextlength": .integer(model.contextLength), "costratio": .double(cost),
        ]
    }

    /// Waits until the tip is as it should be, or the milliseconds are over; 0 for no limit. Tells the tip.
    private func wait(_ call: RPCCall, until isReached: @escaping @Sendable (BlockIndexEntry) -> Bool) async throws -> JSONValue {
        let milliseconds = try call.integer("timeout")
        guard milliseconds >= 0 else { throw RPCError.misc("Negative timeout") }
        let tip = await chain.waitForTip(timeout: milliseconds > 0 ? .milliseconds(milliseconds) : nil, until: isReached)
        return ["hash": .string(tip.hash.displayHex), "height": .integer(tip.height)]
    }

    private func chainStatistics(_ call: RPCCall) async throws -> JSONValue {
        let end = call.given("blockhash") == nil ? await chain.tip() : try await entry(call.hash("blockhash"))
        guard await chain.isConnected(end.hash) else { throw RPCError.invalidParameter("Block is not in main chain") }
        let wanted = call.given("nblocks") == nil ? min(Int64(end.height) - 1, 43_200) : try call.integer("nblocks")
        let count = call.given("nblocks") == nil ? max(0, wanted) : wanted
        guard count >= 0, count == 0 || count < Int64(end.height) else {
            throw RPCError.invalidParameter("Invalid block count: should be between 0 and the block's height - 1")
        }
        var members: [JSONValue.Member] = [
            .init("time", .integer(end.header.time)), .init("txcount", .integer(await chain.read { $0.transactionCount(through: end.height) })),
            .init("window_final_block_hash", .string(end.hash.displayHex)), .init("window_final_block_height", .integer(end.height)),
            .init("window_block_count", .integer(count)),
        ]
        if count > 0, let start = await chain.entry(at: end.height - BlockHeight(count)) {
            let transactions = await chain.read { $0.transactionCount(through: end.height) - $0.transactionCount(through: start.height) }
            let seconds = Int64(clamping: try await chain.medianTimePast(of: end)) - Int64(clamping: try await chain.medianTimePast(of: start))
            members += [.init("window_tx_count", .integer(transactions)), .init("window_interval", .integer(seconds))]
            if seconds > 0 { members.append(.init("txrate", .double(Double(transactions) / Double(seconds)))) }
        }
        return .object(members)
    }

    private func blockStatistics(_ call: RPCCall) async throws -> JSONValue {
        let place = try call.value("hash_or_height")
        let entry: BlockIndexEntry
        if let number = place.intValue {
            guard number >= 0 else { throw RPCError.invalidParameter("Target block height \(number) is negative") }
            let tip = await chain.tip().height
            guard let height = BlockHeight(exactly: number), let found = await chain.entry(at: height) else {
                throw RPCError.invalidParameter("Target block height \(number) after current tip \(tip)")
            }
            entry = found
        } else {
            guard let text = place.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
            entry = try await self.entry(RPCArguments.hash(text, "hash_or_height"))
        }
        guard await chain.isConnected(entry.hash) else { throw RPCError.invalidParameter("Block is not in chain main") }
        guard let block = try await chain.block(entry.hash) else { throw RPCError.misc("Block not available (not downloaded yet)") }
        let all = try await BlockStatistics(block, subsidy: parameters.subsidy(at: entry.height), spent: chain.read { try $0.spentCoins(of: entry.hash) }).members + [
            .init("blockhash", .string(entry.hash.displayHex)), .init("height", .integer(entry.height)), .init("time", .integer(entry.header.time)),
            .init("mediantime", .integer(try await chain.medianTimePast(of: entry))), .init("steps", .integer(entry.header.steps)),
            .init("heldoutloss", Self.optional(entry.heldOutLoss)), .init("trainingloss", Self.optional(entry.trainingLoss)),
        ]
        let sorted = all.sorted { $0.name < $1.name }
        let chosen = try (call.given("stats")?.arrayValue ?? []).map { item throws(RPCError) in
            guard let name = item.stringValue else { throw .misc("JSON value is not a string as expected") }
            guard all.contains(where: { $0.name == name }) else { throw .invalidParameter("Invalid selected statistic \(name)") }
            return name
        }
        return .object(chosen.isEmpty ? sorted : sorted.filter { chosen.contains($0.name) })
    }
}

/// What can be counted in a block. The total of fees is what the coinbase took beyond the subsidy; those of each transaction need the coins that it spends.
struct BlockStatistics {
    private let block: Block
    private let subsidy: Amount
    private let spent: [[Coin]]?

    /// - Parameter spent: for each transaction but the coinbase one coin per input; nil where they are not known
    init(_ block: Block, subsidy: Amount, spent: [[Coin]]? = nil) {
        self.block = block
        self.subsidy = subsidy
        self.spent = spent
    }

    /// Of ascending numbers; 0 of none.
    private static func median(_ sorted: [Int64]) -> Int64 {
        guard let last = sorted.last else { return 0 }
        let half = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[half] : half > 0 ? (sorted[half - 1] + sorted[half]) / 2 : last
    }

    private func feeMembers(_ payments: [Transaction]) -> [JSONValue.Member] {
        guard let spent, spent.count == payments.count else { return [] }
        var fees: [Int64] = [], rates: [(rate: Int64, cost: Int)] = []
        for (transaction, coins) in zip(payments, spent) {
            let fee = coins.reduce(0) { $0 &+ $1.output.value.haruki } &- transaction.outputs.reduce(0) { $0 &+ $1.value.haruki }
            fees.append(fee)
            rates.append((MempoolEntry.rate(fee: fee, cost: transaction.cost), transaction.cost))
        }
        fees.sort()
        rates.sort { $0.rate < $1.rate }
        let (sum, cost) = (fees.reduce(0, &+), rates.reduce(0) { $0 + $1.cost })
        return [
            .init("avgfee", .integer(fees.isEmpty ? 0 : sum / Int64(fees.count))), .init("avgfeerate", .integer(MempoolEntry.rate(fee: sum, cost: cost))),
            .init("feerate_percentiles", .array([10, 25, 50, 75, 90].map { .integer(Self.percentile($0, rates, cost)) })),
            .init("maxfee", .integer(fees.last ?? 0)), .init("maxfeerate", .integer(rates.last?.rate ?? 0)), .init("medianfee", .integer(Self.median(fees))),
            .init("minfee", .integer(fees.first ?? 0)), .init("minfeerate", .integer(rates.first?.rate ?? 0)),
        ]
    }

    /// The rate up to which so many of a hundred units of cost pay; 0 where there are none.
    private static func percentile(_ percent: Int, _ rates: [(rate: Int64, cost: Int)], _ total: Int) -> Int64 {
        var reached = 0
        for (rate, cost) in rates {
            reached += cost
            if reached * 100 >= percent * total { return rate }
        }
        return 0
    }

    var members: [JSONValue.Member] {
        let payments = block.transactions.filter { !$0.isCoinbase }
        let sizes = payments.map(\.encodedLength).sorted()
        let inputs = payments.reduce(0) { $0 + $1.inputs.count }
        let outputs = block.transactions.reduce(0) { $0 + $1.outputs.count }
        func total(_ transactions: [Transaction]) -> Int64 {
            transactions.reduce(0) { sum, transaction in transaction.outputs.reduce(sum) { $0 &+ $1.value.haruki } }
        }
        let fees = max(0, total(block.transactions.filter(\.isCoinbase)) - subsidy.haruki)
        let median = Self.median(sizes.map(Int64.init))
        return [
            .init("avgtxsize", .integer(sizes.isEmpty ? 0 : sizes.reduce(0, +) / sizes.count)), .init("ins", .integer(inputs)),
            .init("maxtxsize", .integer(sizes.last ?? 0)), .init("mediantxsize", .integer(median)), .init("mintxsize", .integer(sizes.first ?? 0)),
            .init("outs", .integer(outputs)), .init("subsidy", .integer(subsidy.haruki)), .init("total_out", .integer(total(payments))),
            .init("total_size", .integer(sizes.reduce(0, +))), .init("totalcost", .integer(payments.reduce(0) { $0 + $1.cost })),
            .init("totalfee", .integer(fees)), .init("txs", .integer(block.transactions.count)), .init("utxo_increase", .integer(outputs - inputs)),
        ] + feeMembers(payments)
    }
}
