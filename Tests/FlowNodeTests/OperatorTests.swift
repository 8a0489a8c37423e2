import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore
import Synchronization
import Testing

@testable import FlowNode

/// What the operator decides about branches, and long looks at the store.
@Suite struct OperatorTests {
    private func error(_ body: () async throws -> Void) async -> NodeError? {
        do {
            try await body()
            return nil
        } catch { return error as? NodeError }
    }

    @Test func anInvalidatedBlockIsLeftUntilItIsReconsidered() async throws {
        let parameters = try TestNetwork.parameters(), key = try TestKey(1)
        let store = MemoryStore()
        let chain = try await TestNetwork.chain(parameters, store: store)
        _ = try await MiningLoop(chain: chain).mine(105, paying: key.program)
        let coinbase = try await chain.blocks(from: 1, limit: 1)[0].transactions[0]
        let outPoint = OutPoint(txid: coinbase.txid, index: 0)
        let payment = key.payment(
            from: [(outPoint, try #require(try await chain.coin(outPoint)))],
            to: [TransactionOutput(value: Amount(haruki: 4_999_000_000), program: try TestKey(2).program)], genesis: parameters.genesisHash)
        try await chain.submit(payment)
        _ = try await MiningLoop(chain: chain).mine(3, paying: key.program)
        let old = await chain.tip()
        let left = try #require(await chain.entry(at: 106))
        let events = chain.events()

        try await chain.invalidate(left.hash)
        #expect(await chain.tip().height == 105)
        #expect(await chain.read { $0.mempool[payment.txid] } != nil, "what the block held waits again")
        #expect(await chain.entry(left.hash)?.violation?.hasPrefix("invalidated") == true)
        #expect(await chain.entry(old.hash)?.violation != nil)
        #expect(await chain.read { $0.chainTips() }.contains { $0.status == .invalid && $0.entry.hash == old.hash })
        var seen: [String] = []
        for await event in events {
            if case .disconnected(_, let height) = event { seen.append("-\(height)") }
            if case .tip(_, let height) = event {
                seen.append("tip \(height)")
                break
            }
        }
        #expect(seen == ["-108", "-107", "-106", "tip 105"])
        // It is not taken again, and the chain goes on without it.
        let block = try #require(try ChainStore(store: store).block(left.hash))
        #expect(try await chain.submit(block).rule?.hasPrefix("invalidated") == true)
        _ = try await MiningLoop(chain: chain).mine(2, paying: try TestKey(3).program)
        let other = await chain.tip()
        #expect(other.height == 107)
        #expect(await chain.read { $0.mempool.entries.count } == 0)

        // Reconsidered, its branch is longer, and at hand without any peer.
        #expect(try await chain.reconsider(left.hash))
        #expect(await chain.tip().hash == old.hash)
        #expect(try await !chain.reconsider(left.hash))
        #expect(await chain.entry(old.hash)?.heldOutLoss == old.heldOutLoss)
        let snapshot = await chain.modelSnapshot()
        #expect(snapshot.weights.root() == snapshot.tip.resultRoot)

        // Faults have names.
        #expect(await error { try await chain.invalidate(.zero) }?.code == .unknownBlock)
        #expect(await error { try await chain.invalidate(parameters.genesisHash) }?.code == .tooDeep)
        // A block beside the chain.
        try await chain.invalidate(other.hash)
        #expect(await chain.tip().hash == old.hash)
        await chain.stop()
        // A restart forgets it.
        let again = try await TestNetwork.chain(parameters, store: store)
        #expect(await again.tip().hash == old.hash)
        #expect(await again.entry(other.hash)?.violation == nil)
        await again.stop()
    }

    @Test func aBlockBelowTheKeptDeltasCannotBeLeft() async throws {
        let parameters = try TestNetwork.parameters()
        let chain = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: chain).mine(200, paying: try TestKey(1).program)
        let low = try #require(await chain.entry(at: 3))
        #expect(await error { try await chain.invalidate(low.hash) }?.code == .tooDeep)
        #expect(await chain.tip().height == 200)
        let high = try #require(await chain.entry(at: 100))
        try await chain.invalidate(high.hash)
        #expect(await chain.tip().height == 99)
        #expect(try await chain.reconsider(high.hash))
        #expect(await chain.tip().height == 200)
        await chain.stop()
    }

    @Test func aPreciousBlockWinsAmongEquals() async throws {
        let parameters = try TestNetwork.parameters()
        let (chain, other) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: chain).mine(3, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: other).mine(3, paying: try TestKey(2).program)
        // The other branch comes later: as much work, so the first stays. One more makes sure that it was replayed.
        for block in try await other.blocks(from: 1) { _ = try await chain.submit(block) }
        let (first, second) = (await chain.tip(), await other.tip())
        try await eventually { await chain.entry(second.hash) != nil }
        #expect(first.hash != second.hash)
        // Nobody replays what has no more work: nothing to prefer yet.
        try await chain.prefer(second.hash)
        #expect(await chain.tip().hash == first.hash)
        _ = try await MiningLoop(chain: other).mine(1, paying: try TestKey(2).program)
        for block in try await other.blocks(from: 1) { _ = try await chain.submit(block) }
        let longer = await other.tip()
        try await eventually { await chain.tip().hash == longer.hash }
        // Back on the first by leaving the fourth block; now both are replayed, and the operator chooses.
        try await chain.invalidate(longer.hash)
        let now = await chain.tip()
        #expect(now.height == 3 && now.hash == second.hash)
        try await chain.prefer(first.hash)
        #expect(await chain.tip().hash == first.hash)
        try await chain.prefer(second.hash)
        #expect(await chain.tip().hash == second.hash)
        // One with less work stays where it is.
        let lower = try #require(await chain.entry(at: 2))
        try await chain.prefer(lower.hash)
        #expect(await chain.tip().hash == second.hash)
        #expect(await error { try await chain.prefer(.zero) }?.code == .unknownBlock)
        await chain.stop()
        await other.stop()
    }

    @Test func waitsForATip() async throws {
        let chain = try await TestNetwork.chain(try TestNetwork.parameters())
        let waiting = Task { await chain.waitForTip { $0.height >= 2 } }
        _ = try await MiningLoop(chain: chain).mine(2, paying: try TestKey(1).program)
        #expect(await waiting.value.height >= 2)
        #expect(await chain.waitForTip { $0.height == 2 }.height == 2, "at once")
        #expect(await chain.waitForTip(timeout: .milliseconds(20)) { $0.height == 9 }.height == 2)
        let stopped = Task { await chain.waitForTip { $0.height == 9 } }
        let cancelled = Task { await chain.waitForTip { $0.height == 9 } }
        cancelled.cancel()
        #expect(await cancelled.value.height == 2)
        await chain.stop()
        #expect(await stopped.value.height == 2)
    }

    @Test func theStoreIsLookedAtAgain() async throws {
        let parameters = try TestNetwork.parameters(), key = try TestKey(1)
        let store = MemoryStore()
        let chain = try await TestNetwork.chain(parameters, store: store)
        _ = try await MiningLoop(chain: chain).mine(104, paying: key.program)
        var payments: [Transaction] = []
        for block in try await chain.blocks(from: 1, limit: 3) {
            let outPoint = OutPoint(txid: block.transactions[0].txid, index: 0)
            payments.append(
                key.payment(
                    from: [(outPoint, try #require(try await chain.coin(outPoint)))],
                    to: [TransactionOutput(value: Amount(haruki: 4_999_000_000), program: try TestKey(2).program)], genesis: parameters.genesisHash))
            try await chain.submit(payments[payments.count - 1])
        }
        _ = try await MiningLoop(chain: chain).mine(2, paying: key.program)
        let progress = Mutex<[Double]>([])
        for level in ChainVerification.Level.allCases {
            progress.withLock { $0 = [] }
            #expect(try await chain.verify(last: 10, level: level, progress: { part in progress.withLock { $0.append(part) } }) == 10)
            let parts = progress.withLock { $0 }
            #expect(parts.last == 1 && parts == parts.sorted() && parts.count == (level == .connection ? 20 : 10))
            #expect(try await chain.verify(last: .max, level: level) == 106)
        }
        let cancel = CancellationFlag()
        cancel.cancel()
        await #expect(throws: CancellationError.self) { try await chain.verify(last: 10, level: .bodies, cancel: cancel) }
        await #expect(throws: CancellationError.self) { try await chain.scanCoins(for: [key.program], cancel: cancel) }

        // What a block spends, and who holds what.
        let tip = try #require(await chain.entry(at: 105))
        let spent = try #require(try await chain.read { try $0.spentCoins(of: tip.hash) })
        #expect(spent.count == 3 && spent.allSatisfy { $0.count == 1 && $0[0].output.value.haruki == 5_000_000_000 && $0[0].isCoinbase })
        #expect(try await chain.read { try $0.spentCoins(of: parameters.genesisHash) } == [])
        #expect(try await chain.read { try $0.spentCoins(of: .zero) } == nil)
        let found = try await chain.scanCoins(for: [try TestKey(2).program, try TestKey(3).program])
        #expect(found.coins.count == 3 && found.total.haruki == 3 * 4_999_000_000 && found.tip.height == 106)
        #expect(Set(found.coins.map(\.outPoint.txid)) == Set(payments.map(\.txid)))
        #expect(try await chain.read { try $0.coinSummary(isHashed: false) }.coins.count == found.scanned)
        #expect(try await chain.scanCoins(for: []).coins.isEmpty)

        // Each kind of damage is found at its level, and not before.
        let block = try #require(try ChainStore(store: store).block(tip.hash))
        var other = block
        other.transactions[1].witnesses[0] = Witness(publicKey: key.key.publicKey, signature: key.key.sign([1]))
        let made = OutPoint(txid: payments[0].txid, index: 0)
        let damages: [(level: ChainVerification.Level, key: [UInt8], value: [UInt8]?)] = [
            (.bodies, StoreKey.block(tip.hash), nil), (.bodies, StoreKey.block(tip.hash), [1, 2, 3]),
            (.bodies, StoreKey.block(tip.hash), try #require(try store.get(StoreKey.block(try #require(await chain.entry(at: 5)).hash)))),
            (.rules, StoreKey.block(tip.hash), other.encoded),
            (.undo, StoreKey.undo(tip.hash), nil), (.undo, StoreKey.undo(tip.hash), [9]),
            (.coins, StoreKey.coin(made), nil),
            (.coins, StoreKey.coin(payments[0].inputs[0].outPoint), spent[0][0].encoded),
            (.connection, StoreKey.coin(made), Coin(output: TransactionOutput(value: Amount(haruki: 1), program: key.program), height: 105, isCoinbase: false).encoded),
        ]
        for damage in damages {
            let before = try store.get(damage.key)
            var batch = WriteBatch()
            if let value = damage.value { batch.put(damage.key, value) } else { batch.delete(damage.key) }
            try store.write(batch, sync: true)
            for level in ChainVerification.Level.allCases {
                let code = await error { _ = try await chain.verify(last: 5, level: level) }?.code
                #expect(code == (level.rawValue >= damage.level.rawValue ? .storeCorrupted : nil), "\(damage.level), looked at \(level)")
            }
            var back = WriteBatch()
            if let before { back.put(damage.key, before) } else { back.delete(damage.key) }
            try store.write(back, sync: true)
        }
        #expect(try await chain.verify(last: 10, level: .connection) == 10)
        var batch = WriteBatch()
        batch.put(StoreKey.coin(made), [1])
        try store.write(batch, sync: true)
        #expect(await error { _ = try await chain.scanCoins(for: []) }?.code == .storeCorrupted)
        await chain.stop()
    }
}

extension ChainService {
    fileprivate func verify(
        last count: Int, level: ChainVerification.Level, cancel: CancellationFlag = CancellationFlag(), progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> Int {
        try await study({ try $0.verification() }) { try $0.run(last: count, level: level, cancel: cancel, progress: progress) }
    }

    fileprivate func scanCoins(for programs: Set<LockProgram>, cancel: CancellationFlag = CancellationFlag()) async throws -> CoinScan.Found {
        try await study({ try $0.coinScan() }) { try $0.run(for: programs, cancel: cancel) }
    }
}
