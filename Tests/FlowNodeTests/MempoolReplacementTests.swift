@testable import FlowConsensus
@testable import FlowCrypto
import TestSupport
import Testing

@testable import FlowNode

/// Who takes whose place, what a full pool asks for, and that whatever comes the pool stays whole.
@Suite struct MempoolReplacementTests {
    private static let program = LockProgram(version: 0, bytes: [UInt8](repeating: 1, count: 20))
    private static let signal: UInt32 = 0xffff_fffd

    /// A transaction that spends outputs and has as many as wanted.
    private static func entry(
        _ spends: [OutPoint], fee: Int64, outputs: Int = 2, sequence: UInt32 = signal, time: UInt64 = 0, tag: UInt32 = 0, version: UInt32 = 2, padding: Int = 0
    ) -> MempoolEntry {
        let output = TransactionOutput(value: Amount(haruki: 1_000), program: program)
        var transaction = Transaction(
            version: version, inputs: spends.map { TransactionInput(outPoint: $0, sequence: sequence) },
            outputs: [TransactionOutput](repeating: output, count: outputs), lockTime: tag)
        if padding > 0 { transaction.witnesses = [Witness(items: [[UInt8](repeating: 0, count: padding)])] }
        return MempoolEntry(
            transaction, txid: transaction.txid, fee: Amount(haruki: fee),
            spent: spends.map { _ in Coin(output: output, height: 1, isCoinbase: false) }, time: time, height: 1)
    }

    private static func coin(_ number: UInt32) -> OutPoint { OutPoint(txid: Keccak256.hash([1]), index: number) }
    private static func output(_ index: UInt32, of entry: MempoolEntry) -> OutPoint { OutPoint(txid: entry.txid, index: index) }

    @discardableResult
    private static func submit(_ entry: MempoolEntry, to pool: inout Mempool, now: UInt64 = 0) throws(MempoolRejection) -> MempoolAdmission {
        try pool.precheck(entry.transaction, txid: entry.txid, size: entry.size)
        let admission = try pool.admission(of: entry, spending: [], now: now)
        pool.add(entry, admission, now: now)
        return admission
    }

    private static func refusal(_ entry: MempoolEntry, _ pool: Mempool, now: UInt64 = 0) -> String? {
        var pool = pool
        do throws(MempoolRejection) {
            try submit(entry, to: &pool, now: now)
            return nil
        } catch { return error.reason }
    }

    // MARK: replacement

    @Test func aBetterPayingOneTakesThePlaceOfWhatSignals() throws {
        var pool = Mempool()
        let old = Self.entry([Self.coin(1)], fee: 1_000)
        let child = Self.entry([Self.output(0, of: old)], fee: 3_000, sequence: 0xffff_ffff)
        for one in [old, child] { try Self.submit(one, to: &pool) }
        let before = pool.sequence
        // Rule 4: it pays for what leaves and for its own way; rule 3: and never less in all than what leaves.
        let cost = Int64(Self.entry([Self.coin(1)], fee: 0, tag: 1).cost)
        #expect(Self.refusal(Self.entry([Self.coin(1)], fee: 4_000 + cost - 1, tag: 1), pool) == "insufficient fee")
        #expect(Self.refusal(Self.entry([Self.coin(1)], fee: 1_001, tag: 1), pool) == "insufficient fee")
        let new = Self.entry([Self.coin(1)], fee: 4_000 + cost, tag: 1)
        let replaced = try Self.submit(new, to: &pool).replaced
        #expect(replaced == [old.txid, child.txid])
        #expect(Set(pool.entries.keys) == [new.txid] && pool.byteCount == new.size && pool.totalFee == new.fee.haruki)
        // Whoever follows the pool hears of all three.
        #expect(pool.changes(since: before) == [old.txid, child.txid, new.txid])
        let changes = MempoolChanges(of: pool, since: before)
        #expect(changes.arrived.map(\.txid) == [new.txid] && Set(changes.left) == [old.txid, child.txid])
    }

    @Test func whatDoesNotSignalStays() throws {
        var pool = Mempool()
        let final = Self.entry([Self.coin(1)], fee: 1_000, sequence: 0xffff_fffe)
        try Self.submit(final, to: &pool)
        #expect(Self.refusal(Self.entry([Self.coin(1)], fee: 1_000_000, tag: 1), pool) == "txn-mempool-conflict")
        // One of two is enough.
        try Self.submit(Self.entry([Self.coin(2)], fee: 1_000), to: &pool)
        #expect(Self.refusal(Self.entry([Self.coin(1), Self.coin(2)], fee: 1_000_000, tag: 1), pool) == "txn-mempool-conflict")
        // A child of one that signals can go with it, and says so.
        let parent = Self.entry([Self.coin(3)], fee: 1_000)
        let child = Self.entry([Self.output(0, of: parent)], fee: 1_000, sequence: 0xffff_ffff)
        for one in [parent, child] { try Self.submit(one, to: &pool) }
        #expect(pool.details(child.txid)?.isReplaceable == true && pool.details(final.txid)?.isReplaceable == false)
    }

    @Test func aReplacementAddsNothingUnconfirmed() throws {
        var pool = Mempool()
        let parent = Self.entry([Self.coin(1)], fee: 1_000), other = Self.entry([Self.coin(2)], fee: 1_000)
        let old = Self.entry([Self.output(0, of: parent), Self.coin(3)], fee: 1_000)
        for one in [parent, other, old] { try Self.submit(one, to: &pool) }
        #expect(Self.refusal(Self.entry([Self.coin(3), Self.output(0, of: other)], fee: 100_000), pool) == "replacement-adds-unconfirmed")
        // What the old one spent may be spent by the new one.
        #expect(Self.refusal(Self.entry([Self.coin(3), Self.output(0, of: parent)], fee: 100_000), pool) == nil)
        #expect(Self.refusal(Self.entry([Self.coin(3), Self.output(1, of: parent)], fee: 100_000), pool) == nil)
        #expect(Self.refusal(Self.entry([Self.coin(1), Self.output(0, of: parent)], fee: 100_000), pool) == "bad-txns-spends-conflicting-tx")
        #expect(Self.refusal(Self.entry([Self.coin(3), Self.coin(4)], fee: 100_000), pool) == nil)
    }

    @Test func notTooManyAreReplaced() throws {
        var pool = Mempool()
        // Five with 19 that depend on each: 100.
        for group in UInt32(0)..<5 {
            let parent = Self.entry([Self.coin(group)], fee: 30_000, outputs: 20)
            try Self.submit(parent, to: &pool)
            for index in UInt32(0)..<19 { try Self.submit(Self.entry([Self.output(index, of: parent)], fee: 1_000), to: &pool) }
        }
        let all = (UInt32(0)..<5).map(Self.coin)
        let hundred = Self.entry(all, fee: 10_000_000)
        #expect(try pool.admission(of: hundred, spending: [], now: 0).replaced.count == 100)
        try Self.submit(Self.entry([Self.coin(99)], fee: 1_000), to: &pool)
        #expect(Self.refusal(Self.entry(all + [Self.coin(99)], fee: 10_000_000), pool) == "too many potential replacements")
    }

    // MARK: chains

    @Test func chainsAreBoundedInNumberAndBytes() throws {
        var pool = Mempool()
        var last = Self.entry([Self.coin(1)], fee: 10_000)
        try Self.submit(last, to: &pool)
        let first = last
        for _ in 2...25 {
            last = Self.entry([Self.output(0, of: last)], fee: 10_000)
            try Self.submit(last, to: &pool)
        }
        #expect(Self.refusal(Self.entry([Self.output(0, of: last)], fee: 10_000), pool) == "too-long-mempool-chain")
        // Below, as above: the first has its 25.
        #expect(Self.refusal(Self.entry([Self.output(1, of: first)], fee: 10_000), pool) == "too-long-mempool-chain")
        #expect(pool.details(last.txid)?.ancestors.count == 25 && pool.details(first.txid)?.descendants.count == 25)
        #expect(pool.details(first.txid)?.descendants.fees == 250_000)
        // Who takes the place of one of them makes room for himself.
        #expect(Self.refusal(Self.entry([last.transaction.inputs[0].outPoint], fee: 30_000, tag: 7), pool) == nil)

        let big = Self.entry([Self.coin(50)], fee: 1_000_000, padding: 60_000)
        try Self.submit(big, to: &pool)
        #expect(Self.refusal(Self.entry([Self.output(0, of: big)], fee: 1_000_000, padding: 60_000), pool) == "too-long-mempool-chain")
        #expect(Self.refusal(Self.entry([Self.output(0, of: big)], fee: 1_000_000, padding: 30_000), pool) == nil)
    }

    // MARK: room

    /// What had to leave sets what is asked for, a block lets it sink.
    @Test func aFullPoolAsksForMoreUntilBlocksCome() throws {
        var policy = MempoolPolicy()
        let size = Self.entry([Self.coin(0)], fee: 0).size
        policy.maximumBytes = 10 * size
        var pool = Mempool(policy: policy)
        for number in UInt32(0)..<10 { try Self.submit(Self.entry([Self.coin(number)], fee: 2_000), to: &pool, now: 100) }
        #expect(pool.minimumFeeRate(now: 100) == 1_000)
        let dear = Self.entry([Self.coin(20)], fee: 100_000)
        let evicted = try Self.submit(dear, to: &pool, now: 100).evicted
        let rate = MempoolEntry.rate(fee: 2_000, cost: dear.cost)
        #expect(evicted.count == 1 && pool.minimumFeeRate(now: 100) == rate + 1_000)
        #expect(Self.refusal(Self.entry([Self.coin(21)], fee: 2_000), pool, now: 100) == "mempool min fee not met")
        #expect(pool.minimumFeeRate(now: 1_000_000) == rate + 1_000, "without a block nothing has changed")
        let block = Block(header: ChainParameters.regtest.genesisBlock.header, stepDigests: [], transactions: [])
        #expect(pool.blockConnected(block, now: 200).isEmpty)
        let half = pool.minimumFeeRate(now: 200 + 12 * 3_600)
        #expect(abs(half - (rate + 1_000) / 2) <= 1)
        #expect(pool.minimumFeeRate(now: 200 + 60 * 3_600) == 1_000)
        #expect(pool.minimumFeeRate(now: 50) == rate + 1_000, "a clock that goes back changes nothing")
        #expect(pool.info(now: 100).minimumFeeRate == rate + 1_000 && pool.info(now: 100).count == 10)
    }

    /// A parent that a dear child pays for stays; a cheap one goes with its cheap child, although the child alone pays more than another.
    @Test func aChildPaysForItsParent() throws {
        var policy = MempoolPolicy()
        let size = Self.entry([Self.coin(0)], fee: 0).size
        policy.maximumBytes = 5 * size
        var pool = Mempool(policy: policy)
        let poor = Self.entry([Self.coin(1)], fee: 400), rich = Self.entry([Self.output(0, of: poor)], fee: 50_000)
        let lone = Self.entry([Self.coin(2)], fee: 5_000)
        let cheap = Self.entry([Self.coin(3)], fee: 500), medium = Self.entry([Self.output(0, of: cheap)], fee: 6_000)
        for one in [poor, rich, lone, cheap, medium] { try Self.submit(one, to: &pool) }
        let evicted = try Self.submit(Self.entry([Self.coin(4)], fee: 9_000), to: &pool).evicted
        #expect(evicted == [cheap.txid, medium.txid])
        #expect(pool[poor.txid] != nil && pool[rich.txid] != nil && pool[lone.txid] != nil)
    }

    @Test func theOperatorMayPreferSome() throws {
        var pool = Mempool()
        let first = Self.entry([Self.coin(1)], fee: 1_000), second = Self.entry([Self.coin(2)], fee: 2_000)
        pool.prioritise(first.txid, by: 5_000)
        for one in [first, second] { try Self.submit(one, to: &pool) }
        #expect(pool.ordered.map(\.txid) == [first.txid, second.txid] && pool.totalFee == 3_000)
        #expect(pool.details(first.txid)?.ancestors.fees == 6_000 && pool[first.txid]?.fee.haruki == 1_000)
        pool.prioritise(first.txid, by: -5_500)
        #expect(pool.ordered.map(\.txid) == [second.txid, first.txid] && pool.prioritised == [first.txid: -500])
        pool.prioritise(first.txid, by: .min)
        pool.prioritise(first.txid, by: .min)
        #expect(pool.ordered.map(\.txid) == [second.txid, first.txid])
        // What pays too little may come where it is counted for more.
        let free = Self.entry([Self.coin(3)], fee: 0)
        #expect(Self.refusal(free, pool) == "min relay fee not met")
        pool.prioritise(free.txid, by: 10_000)
        #expect(Self.refusal(free, pool) == nil)
        // A block ends it.
        let block = Block(header: ChainParameters.regtest.genesisBlock.header, stepDigests: [], transactions: [first.transaction])
        _ = pool.blockConnected(block, now: 1)
        #expect(pool.prioritised == [free.txid: 10_000])
    }

    @Test func versionsWithoutMeaningAreLeftOut() {
        let pool = Mempool()
        for (version, reason) in [(0, "version"), (1, nil), (2, nil), (3, "version"), (UInt32.max, "version")] as [(UInt32, String?)] {
            #expect(Self.refusal(Self.entry([Self.coin(1)], fee: 10_000, version: version), pool) == reason)
        }
    }

    // MARK: whatever comes

    /// Random transactions on coins and on each other, replacements, blocks, expiry and an operator: after each the pool is whole, and what it says of
    /// each transaction is what counting anew says.
    @Test(arguments: 0..<6) func whateverComesThePoolIsWhole(round: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var policy = MempoolPolicy()
        policy.maximumBytes = round % 2 == 0 ? 5_000 : 1_000_000
        policy.expirySeconds = 400
        policy.maximumReplaced = 12
        var pool = Mempool(policy: policy)
        var reasons: [String: Int] = [:]
        var (taken, replaced, evicted) = (0, 0, 0)
        for step in 0..<1_500 {
            let now = UInt64(step)
            switch Int.random(in: 0..<40, using: &random) {
            case 0:
                // A block takes some, and something else that conflicts perhaps.
                let chosen = pool.selection(maximumCost: 2_000, maximumSignatureChecks: 100).map(\.transaction)
                let stranger = Self.entry([Self.coin(UInt32.random(in: 0..<80, using: &random))], fee: 1_000, tag: UInt32(step)).transaction
                let spent = Set(chosen.flatMap { $0.inputs.map(\.outPoint) })
                let block = Block(
                    header: ChainParameters.regtest.genesisBlock.header, stepDigests: [],
                    transactions: chosen + (spent.isDisjoint(with: stranger.inputs.map(\.outPoint)) ? [stranger] : []))
                _ = pool.blockConnected(block, now: now)
            case 1: _ = pool.expire(now: now)
            case 2:
                let txid = pool.entries.keys.randomElement(using: &random) ?? .zero
                pool.prioritise(txid, by: Int64.random(in: -5_000...5_000, using: &random))
            case 3: if let txid = pool.entries.keys.randomElement(using: &random) { pool.removeWithDescendants(txid) }
            default:
                var spends: Set<OutPoint> = []
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    if let parent = Int.random(in: 0..<3, using: &random) > 0 ? pool.entries.values.randomElement(using: &random) : nil {
                        spends.insert(Self.output(UInt32.random(in: 0..<2, using: &random), of: parent))
                    } else {
                        spends.insert(Self.coin(UInt32.random(in: 0..<80, using: &random)))
                    }
                }
                // Now and then one that means to take another's place.
                let rival = Int.random(in: 0..<3, using: &random) == 0 ? pool.entries.values.randomElement(using: &random) : nil
                if let rival { spends = Set(rival.transaction.inputs.map(\.outPoint)) }
                let entry = Self.entry(
                    Array(spends), fee: Int64.random(in: 0...(rival == nil ? 30_000 : 200_000), using: &random), sequence: Int.random(in: 0..<5, using: &random) == 0 ? 0xffff_ffff : Self.signal,
                    time: now, tag: UInt32(step))
                let before = pool
                do throws(MempoolRejection) {
                    let admission = try Self.submit(entry, to: &pool, now: now)
                    taken += 1
                    replaced += admission.replaced.count
                    evicted += admission.evicted.count
                    let lost = admission.replaced.reduce(Int64(0)) { $0 + (before[$1]?.countedFee ?? 0) }
                    #expect(admission.replaced.isEmpty || pool[entry.txid]?.countedFee ?? 0 > lost, "seed \(seed), step \(step)")
                    #expect(admission.replaced.count <= policy.maximumReplaced, "seed \(seed), step \(step)")
                } catch {
                    reasons[error.reason, default: 0] += 1
                    #expect(before.sequence == pool.sequence, "seed \(seed), step \(step)")
                }
            }
            try expectWhole(pool, "seed \(seed), step \(step)")
        }
        #expect(taken > 100 && replaced > 20, "seed \(seed), \(evicted) evicted: \(reasons)")
        #expect((reasons["insufficient fee"] ?? 0) > 0 && (reasons["txn-mempool-conflict"] ?? 0) > 0, "seed \(seed): \(reasons)")
    }

    private func expectWhole(_ pool: Mempool, _ place: String) throws {
        var spenders: [OutPoint: Hash256] = [:]
        var (bytes, fees): (Int, Int64) = (0, 0)
        for (txid, entry) in pool.entries {
            bytes += entry.size
            fees += entry.fee.haruki
            for input in entry.transaction.inputs {
                try #require(spenders.updateValue(txid, forKey: input.outPoint) == nil, "two spend one output: \(place)")
                try #require(pool.spender(of: input.outPoint) == txid, "\(place)")
            }
        }
        try #require(pool.byteCount == bytes && pool.totalFee == fees && bytes <= pool.policy.maximumBytes, "\(place)")
        var keys: [Mempool.ScoreKey] = []
        for (txid, entry) in pool.entries {
            // Counted anew, from the transactions alone.
            func above(_ entry: MempoolEntry) -> Set<Hash256> {
                entry.transaction.inputs.reduce(into: []) { found, input in
                    if let parent = pool[input.outPoint.txid] { found.formUnion(above(parent).union([parent.txid])) }
                }
            }
            var totals = MempoolTotals()
            for other in above(entry).union([txid]) { if let entry = pool[other] { totals.add(entry) } }
            let family = try #require(pool.families[txid], "\(place)")
            try #require(family.ancestors == totals, "ancestors: \(place)")
            try #require(totals.count <= pool.policy.maximumChain && totals.size <= pool.policy.maximumChainSize, "\(place)")
            try #require(family.parents == Set(entry.transaction.inputs.map(\.outPoint.txid).filter { pool[$0] != nil }), "\(place)")
            for parent in family.parents { try #require(pool.families[parent]?.children.contains(txid) == true, "\(place)") }
            var below = MempoolTotals()
            for other in pool.descendants(of: txid).union([txid]) { if let entry = pool[other] { below.add(entry) } }
            try #require(family.descendants == below && below.count <= pool.policy.maximumChain && below.size <= pool.policy.maximumChainSize, "descendants: \(place)")
            keys.append(Mempool.ScoreKey(rate: max(entry.countedFeeRate, below.feeRate), txid: txid))
        }
        try #require(pool.families.count == pool.entries.count && Array(pool.byScore.ascending) == keys.sorted(), "\(place)")
    }
}
