import FlowConsensus
import FlowCrypto
import FlowStore
import Testing

@testable import FlowNode

@Suite struct MempoolTests {
    /// A chain on which the key has mature coins.
    private func scene(policy: MempoolPolicy = MempoolPolicy()) async throws -> (ChainService, TestKey, [(OutPoint, Coin)], TestClock) {
        let clock = TestClock()
        let chain = try await TestNetwork.chain(try TestNetwork.parameters(), clock: clock, policy: policy)
        let key = try TestKey(1)
        _ = try await MiningLoop(chain: chain).mine(103, paying: key.program)
        var coins: [(OutPoint, Coin)] = []
        for block in try await chain.blocks(from: 1, limit: 3) {
            let outPoint = OutPoint(txid: block.transactions[0].txid, index: 0)
            coins.append((outPoint, try #require(try await chain.coin(outPoint))))
        }
        return (chain, key, coins, clock)
    }

    private func pay(_ key: TestKey, _ coin: (OutPoint, Coin), _ value: Int64, chain: ChainService, lockTime: UInt32 = 0) throws -> Transaction {
        key.payment(
            from: [coin], to: [TransactionOutput(value: Amount(haruki: value), program: try TestKey(9).program)],
            genesis: chain.parameters.genesisHash, lockTime: lockTime)
    }

    private func rejection(_ chain: ChainService, _ transaction: Transaction) async throws -> MempoolRejection? {
        do {
            try await chain.submit(transaction)
            return nil
        } catch let rejection as MempoolRejection {
            return rejection
        }
    }

    /// Killed at any moment, a node comes back with what waited, and without what was confirmed or dropped since.
    @Test func whatWaitsOutlivesTheProcess() async throws {
        let clock = TestClock(), store = MemoryStore(), parameters = try TestNetwork.parameters()
        let key = try TestKey(1)
        let chain = try await TestNetwork.chain(parameters, store: store, clock: clock)
        _ = try await MiningLoop(chain: chain).mine(103, paying: key.program)
        var coins: [(OutPoint, Coin)] = []
        for block in try await chain.blocks(from: 1, limit: 3) {
            let outPoint = OutPoint(txid: block.transactions[0].txid, index: 0)
            coins.append((outPoint, try #require(try await chain.coin(outPoint))))
        }
        let parent = key.payment(
            from: [coins[0]], to: [TransactionOutput(value: Amount(haruki: 4_999_990_000), program: key.program)], genesis: parameters.genesisHash)
        let child = try pay(
            key, (OutPoint(txid: parent.txid, index: 0), Coin(output: parent.outputs[0], height: 104, isCoinbase: false)), 4_999_980_000, chain: chain)
        let other = try pay(key, coins[1], 4_999_990_000, chain: chain)
        let start = await chain.mempoolChanges()
        #expect(start.isWhole && start.arrived.isEmpty)
        for transaction in [parent, child, other] { try await chain.submit(transaction) }
        let changes = await chain.mempoolChanges(since: start.sequence)
        #expect(!changes.isWhole && Set(changes.arrived.map(\.txid)) == Set([parent, child, other].map(\.txid)) && changes.left.isEmpty)
        let times = await chain.mempoolEntries().map(\.time)
        clock.advance(50)
        // Nobody says goodbye to the first one.
        let second = try await TestNetwork.chain(parameters, store: store, clock: clock)
        #expect(await Set(second.mempoolEntries().map(\.txid)) == Set([parent, child, other].map(\.txid)))
        #expect(await second.mempoolEntries().map(\.time) == times, "they do not grow younger")
        _ = try await MiningLoop(chain: second).mine(1, paying: key.program)
        let confirmed = await second.mempoolChanges(since: nil)
        #expect(confirmed.isWhole && confirmed.arrived.isEmpty)
        let third = try await TestNetwork.chain(parameters, store: store, clock: clock)
        #expect(await third.read { $0.mempool.entries.count } == 0)
        // What is older than the policy allows does not come back.
        let last = try pay(key, coins[2], 4_999_990_000, chain: third)
        try await third.submit(last)
        clock.advance(MempoolPolicy().expirySeconds + 10)
        try store.write({ var batch = WriteBatch(); batch.put(StoreKey.waiting(.zero), [1, 2, 3]); return batch }(), sync: true)
        let fourth = try await TestNetwork.chain(parameters, store: store, clock: clock)
        #expect(await fourth.read { $0.mempool.entries.count } == 0)
        #expect(try ChainStore(store: store).waiting().isEmpty)
        for each in [chain, second, third, fourth] { await each.stop() }
    }

    @Test func aPoolSaysWhatChangedUntilThatIsTooLongAgo() async throws {
        var pool = Mempool()
        let key = try TestKey(1)
        func entry(_ number: UInt64) -> MempoolEntry {
            let transaction = Transaction(
                inputs: [TransactionInput(outPoint: OutPoint(txid: Keccak256.hash([UInt8](String(number).utf8)), index: 0))],
                outputs: [TransactionOutput(value: Amount(haruki: 1_000), program: key.program)])
            return MempoolEntry(transaction, txid: transaction.txid, fee: Amount(haruki: 1_000), spent: [], time: number, height: 1)
        }
        let (first, second) = (entry(1), entry(2))
        pool.add(first, MempoolAdmission(), now: 0)
        let before = pool.sequence
        pool.add(second, MempoolAdmission(evicted: [first.txid]), now: 0)
        #expect(pool.changes(since: before) == [first.txid, second.txid])
        #expect(pool.changes(since: pool.sequence) == [])
        #expect(pool.changes(since: pool.sequence + 1) == nil, "a state that never was")
        for number in 3..<25_000 as Range<UInt64> { pool.add(entry(number), MempoolAdmission(), now: 0) }
        #expect(pool.changes(since: before) == nil)
        #expect(pool.changes(since: pool.sequence - 9_000)?.count == 9_000)
        #expect(pool.drain().count == pool.entries.count + 24_998 && pool.byteCount == 0)
    }

    @Test func rulesAndConfirmation() async throws {
        let (chain, key, coins, _) = try await scene()
        let full: Int64 = 5_000_000_000
        #expect(try await rejection(chain, try pay(key, coins[0], full, chain: chain))?.reason == "min relay fee not met")
        #expect(try await rejection(chain, try pay(key, coins[0], full + 1, chain: chain))?.kind == .invalid)
        #expect(try await rejection(chain, try pay(try TestKey(2), coins[0], full - 1_000, chain: chain))?.reason == "tx-witness-program")
        #expect(try await rejection(chain, try pay(key, coins[0], full - 1_000, chain: chain, lockTime: 500))?.reason == "tx-lock-time")
        let absent = (OutPoint(txid: .zero, index: 3), coins[0].1)
        #expect(try await rejection(chain, try pay(key, absent, full - 1_000, chain: chain))?.kind == .missingInputs)
        let tip = try await chain.blocks(from: 103)[0]
        let young = OutPoint(txid: tip.transactions[0].txid, index: 0)
        let immature = try pay(key, (young, try #require(try await chain.coin(young))), full - 1_000, chain: chain)
        #expect(try await rejection(chain, immature)?.reason == "tx-immature-coinbase")
        #expect(try await rejection(chain, tip.transactions[0])?.reason == "coinbase")

        // The fee is looked at before the signatures.
        #expect(try await rejection(chain, try pay(try TestKey(2), coins[0], full - 10, chain: chain))?.reason == "min relay fee not met")
        #expect(try await rejection(chain, try pay(key, coins[0], 299, chain: chain))?.reason == "dust")
        #expect(try await rejection(chain, try pay(key, coins[0], 0, chain: chain))?.reason == "tx-output-zero")

        let good = try pay(key, coins[0], full - 1_000, chain: chain)
        #expect(try await chain.read { try $0.test(good) }.haruki == 1_000)
        #expect(await chain.read { $0.mempool.entries.count } == 0)
        #expect(try await chain.submit(good).haruki == 1_000)
        #expect(try await rejection(chain, good)?.kind == .known)
        #expect(try await rejection(chain, try pay(key, coins[0], full - 9_000, chain: chain))?.reason == "txn-mempool-conflict")
        #expect(try await chain.read({ try $0.coinWithMempool(coins[0].0) }) == nil)

        // A child of a waiting transaction, and a better paying stranger: parents first in the template.
        let output = OutPoint(txid: good.txid, index: 0)
        let child = try pay(try TestKey(9), (output, try #require(try await chain.read({ try $0.coinWithMempool(output) }))), full - 100_000, chain: chain)
        try await chain.submit(child)
        let stranger = try pay(key, coins[1], full - 5_000, chain: chain)
        try await chain.submit(stranger)
        let template = try await chain.blockTemplate()
        #expect(template.transactions.map(\.txid) == [good.txid, child.txid, stranger.txid])
        #expect(template.coinbaseValue.haruki == full + 1_000 + 99_000 + 5_000)

        _ = try await MiningLoop(chain: chain).mine(1, paying: key.program)
        #expect(await chain.read { $0.mempool.entries.count } == 0)
        #expect(try await rejection(chain, child)?.kind == .confirmed)
        let paid = OutPoint(txid: child.txid, index: 0)
        #expect(try await chain.coin(paid)?.height == 104)
        await chain.stop()
    }

    @Test func conflictsWithABlockAreDroppedAndALeftBlockGivesItsTransactionsBack() async throws {
        let (chain, key, coins, clock) = try await scene()
        let other = try await TestNetwork.chain(chain.parameters, clock: clock)
        for block in try await chain.blocks(from: 1, limit: 200) { _ = try await other.submit(block) }
        let (here, there) = (try pay(key, coins[0], 4_999_000_000, chain: chain), try pay(key, coins[0], 4_998_000_000, chain: chain))
        let returns = try pay(key, coins[1], 4_999_000_000, chain: chain)
        try await chain.submit(here)
        try await chain.submit(returns)
        try await other.submit(there)
        // Here both are confirmed; there the rival is, on a longer branch.
        _ = try await MiningLoop(chain: chain).mine(1, paying: key.program)
        #expect(await chain.read { $0.mempool.entries.count } == 0)
        _ = try await MiningLoop(chain: other).mine(2, paying: key.program)
        for block in try await other.blocks(from: 104) { _ = try await chain.submit(block) }
        try await expectSame(chain, other)
        #expect(await chain.mempoolEntries().map(\.txid) == [returns.txid])

        // A waiting transaction whose coin a block spends is dropped.
        let (mine, rival) = (try pay(key, coins[2], 4_999_000_000, chain: chain), try pay(key, coins[2], 4_998_000_000, chain: chain))
        try await chain.submit(mine)
        try await other.submit(rival)
        _ = try await MiningLoop(chain: other).mine(1, paying: key.program)
        #expect(try await chain.submit(try await other.blocks(from: 106)[0]) == .connected)
        #expect(await chain.read { $0.mempool[mine.txid] } == nil)
        #expect(await chain.read { $0.mempool[returns.txid] } != nil)
        await chain.stop()
        await other.stop()
    }

    @Test func sizeLimitAndExpiry() async throws {
        var policy = MempoolPolicy()
        policy.maximumBytes = 450
        let (chain, key, coins, clock) = try await scene(policy: policy)
        let low = try pay(key, coins[0], 4_999_999_000, chain: chain)
        try await chain.submit(low)
        #expect(low.encodedLength > 150 && low.encodedLength * 2 <= 450)
        try await chain.submit(try pay(key, coins[1], 4_999_998_000, chain: chain))
        let rich = try pay(key, coins[2], 4_999_900_000, chain: chain)
        if low.encodedLength * 3 > 450 {
            try await chain.submit(rich)
            #expect(await chain.read { $0.mempool[low.txid] } == nil)
            #expect(try await rejection(chain, low)?.reason == "mempool min fee not met")
        }
        clock.advance(policy.expirySeconds + 1)
        _ = try? await chain.submit(low)
        #expect(await chain.mempoolEntries().isEmpty)
        // What a full pool asked for sinks once a block has come.
        _ = try await MiningLoop(chain: chain).mine(1, paying: key.program)
        clock.advance(200 * 3_600)
        try await chain.submit(low)
        #expect(await chain.mempoolEntries().map(\.txid) == [low.txid])
        #expect(await chain.read { $0.mempoolInfo.minimumFeeRate } == policy.minimumFeeRate)
        await chain.stop()
    }

    /// A replacement over the chain service: the pool, its changes and the store hold the new one, and a block does not give the old one back.
    @Test func aReplacementIsKeptAndMined() async throws {
        let clock = TestClock(), store = MemoryStore(), parameters = try TestNetwork.parameters()
        let key = try TestKey(1)
        let chain = try await TestNetwork.chain(parameters, store: store, clock: clock)
        _ = try await MiningLoop(chain: chain).mine(103, paying: key.program)
        var coins: [(OutPoint, Coin)] = []
        for block in try await chain.blocks(from: 1, limit: 2) {
            let outPoint = OutPoint(txid: block.transactions[0].txid, index: 0)
            coins.append((outPoint, try #require(try await chain.coin(outPoint))))
        }
        func pay(_ coin: (OutPoint, Coin), _ value: Int64, _ sequence: UInt32) throws -> Transaction {
            key.payment(
                from: [coin], to: [TransactionOutput(value: Amount(haruki: value), program: key.program)], genesis: parameters.genesisHash, sequence: sequence)
        }
        let old = try pay(coins[0], 4_999_990_000, 0xffff_fffd)
        let child = try pay((OutPoint(txid: old.txid, index: 0), Coin(output: old.outputs[0], height: 104, isCoinbase: false)), 4_999_980_000, 0xffff_ffff)
        for transaction in [old, child] { try await chain.submit(transaction) }
        #expect(await chain.read { $0.mempool.descendants(of: old.txid).sorted() } == [child.txid])
        #expect(await chain.read { $0.mempool.ancestors(of: child.txid).sorted() } == [old.txid])
        let sequence = await chain.mempoolChanges().sequence
        let new = try pay(coins[0], 4_999_900_000, 0xffff_fffd)
        let events = chain.events()
        #expect(try await rejection(chain, try pay(coins[0], 4_999_979_990, 0xffff_fffd))?.reason == "insufficient fee")
        #expect(try await chain.submit(new).haruki == 100_000)
        var dropped: Set<Hash256> = []
        for await event in events {
            if case .dropped(let txid, _) = event { dropped.insert(txid) }
            if case .transaction(_, let txid, _, _) = event {
                #expect(txid == new.txid)
                break
            }
        }
        #expect(dropped == [old.txid, child.txid])
        let changes = await chain.mempoolChanges(since: sequence)
        #expect(!changes.isWhole && changes.arrived.map(\.txid) == [new.txid] && Set(changes.left) == [old.txid, child.txid])
        // Killed now, it comes back with the new one.
        let again = try await TestNetwork.chain(parameters, store: store, clock: clock)
        #expect(await again.mempoolEntries().map(\.txid) == [new.txid])
        // What was replaced pays less than what took its place.
        #expect(try await rejection(again, old)?.reason == "insufficient fee")
        _ = try await MiningLoop(chain: again).mine(1, paying: key.program)
        let tip = await again.tip().hash
        #expect(try await again.block(tip)?.transactions.last?.txid == new.txid)
        #expect(await again.read { $0.mempool.entries.count } == 0)
        await chain.stop()
        await again.stop()
    }

    @Test func severalAreTestedTogether() async throws {
        let (chain, key, coins, _) = try await scene()
        func pay(_ coin: (OutPoint, Coin), _ value: Int64) throws -> Transaction {
            key.payment(
                from: [coin], to: [TransactionOutput(value: Amount(haruki: value), program: key.program)], genesis: chain.parameters.genesisHash)
        }
        let parent = try pay(coins[0], 4_999_990_000)
        let child = try pay((OutPoint(txid: parent.txid, index: 0), Coin(output: parent.outputs[0], height: 104, isCoinbase: false)), 4_999_980_000)
        let free = try pay(coins[1], 5_000_000_000)
        let results = try await chain.read { try $0.test(package: [parent, child, free]) }
        #expect(results.count == 3 && (try? results[0].get())?.txid == parent.txid && (try? results[1].get())?.fee.haruki == 10_000)
        if case .failure(let rejection) = results[2] { #expect(rejection.reason == "min relay fee not met") } else { Issue.record("accepted") }
        #expect(await chain.read { $0.mempool.entries.count } == 0)
        func refusal(_ package: [Transaction]) async -> String? {
            do {
                _ = try await chain.read { try $0.test(package: package) }
                return nil
            } catch { return (error as? MempoolRejection)?.reason }
        }
        #expect(await refusal([child, parent]) == "package-not-sorted")
        #expect(await refusal([parent, parent]) == "package-contains-duplicates")
        let rival = try pay(coins[0], 4_999_000_000)
        #expect(await refusal([parent, rival]) == "conflict-in-package")
        #expect(await refusal([Transaction](repeating: parent, count: 26)) == "package-too-many-transactions")
        // All or none.
        #expect(try await chain.submit(package: [parent, child, free]).map { $0?.reason } == [nil, nil, "min relay fee not met"])
        #expect(await chain.read { $0.mempool.entries.count } == 0)
        #expect(try await chain.submit(package: [parent, child]).allSatisfy { $0 == nil })
        #expect(await chain.read { $0.mempool.entries.count } == 2)
        #expect(try await chain.submit(package: [parent, child]).allSatisfy { $0 == nil }, "those that wait count as taken")
        try await chain.prioritise(child.txid, by: 5)
        #expect(await chain.read { $0.mempool.prioritised } == [child.txid: 5])
        await chain.stop()
    }
}
