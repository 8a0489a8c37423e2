@testable import FlowConsensus
@testable import FlowCrypto
import TestSupport
import Testing

@testable import FlowNode

/// The mempool as a value: who comes in, who has to go, and what a block may take.
@Suite struct MempoolPolicyTests {
    private static let program = LockProgram(version: 0, bytes: [UInt8](repeating: 1, count: 20))

    /// A transaction that spends output 0 of `parents`, or an output of nobody, with as many outputs as wanted.
    private func entry(_ number: UInt32, fee: Int64, parents: [MempoolEntry] = [], outputs: Int = 1, time: UInt64 = 0) -> MempoolEntry {
        let inputs =
            parents.isEmpty
            ? [OutPoint(txid: Keccak256.hash([1]), index: number)] : parents.map { OutPoint(txid: $0.txid, index: 0) }
        let output = TransactionOutput(value: Amount(haruki: 1_000), program: Self.program)
        let transaction = Transaction(
            inputs: inputs.map { TransactionInput(outPoint: $0) }, outputs: [TransactionOutput](repeating: output, count: outputs),
            lockTime: number)
        return MempoolEntry(
            transaction, txid: transaction.txid, fee: Amount(haruki: fee),
            spent: inputs.map { _ in Coin(output: output, height: 1, isCoinbase: false) }, time: time, height: 1)
    }

    private func add(_ entry: MempoolEntry, to pool: inout Mempool) throws {
        pool.add(entry, try pool.admission(of: entry, spending: [], now: 0), now: 0)
    }

    @Test func aFeeIsMeasuredByCost() throws {
        let pool = Mempool()
        let (one, hundred) = (entry(1, fee: 0), entry(2, fee: 0, outputs: 100))
        #expect(one.cost == one.size + 64)
        #expect(hundred.cost == hundred.size + 6_400)
        let needed = Int64(hundred.cost)
        #expect(throws: Never.self) { try pool.admission(of: entry(2, fee: needed, outputs: 100), spending: [], now: 0) }
        do {
            _ = try pool.admission(of: entry(2, fee: needed - 1, outputs: 100), spending: [], now: 0)
            Issue.record("accepted")
        } catch {
            #expect(error.reason == "min relay fee not met")
        }
    }

    @Test func dustIsNotTaken() throws {
        func rejection(_ value: Int64) -> String? {
            let output = TransactionOutput(value: Amount(haruki: value), program: Self.program)
            let transaction = Transaction(inputs: [TransactionInput(outPoint: OutPoint(txid: .zero, index: 0))], outputs: [output])
            do throws(MempoolRejection) {
                try Mempool().precheck(transaction, txid: transaction.txid, size: 100)
                return nil
            } catch { return error.reason }
        }
        #expect(rejection(300) == nil)
        #expect(rejection(299) == "dust")
        #expect(rejection(1) == "dust")
        // Not the pool's business: the rules refuse them.
        #expect(rejection(0) == nil)
        #expect(rejection(-1) == nil)
    }

    @Test func longOnesAreNotTaken() throws {
        let transaction = entry(1, fee: 1_000_000).transaction
        for (size, reason) in [(100_000, nil), (100_001, "tx-size"), (.max, "tx-size")] as [(Int, String?)] {
            do throws(MempoolRejection) {
                try Mempool().precheck(transaction, txid: transaction.txid, size: size)
                #expect(reason == nil)
            } catch { #expect(error.reason == reason) }
        }
    }

    /// Blocks may hold them, and a miner that makes its own may mine them; this pool stays away from what anybody can spend.
    @Test func versionsWithoutMeaningAreNotTaken() throws {
        func output(_ version: UInt8, _ length: Int) -> TransactionOutput {
            TransactionOutput(value: Amount(haruki: 1_000), program: LockProgram(version: version, bytes: [UInt8](repeating: 1, count: length)))
        }
        func pays(_ output: TransactionOutput) -> String? {
            let transaction = Transaction(inputs: [TransactionInput(outPoint: OutPoint(txid: .zero, index: 0))], outputs: [output])
            do throws(MempoolRejection) {
                try Mempool().precheck(transaction, txid: transaction.txid, size: 100)
                return nil
            } catch { return error.reason }
        }
        func spends(_ outputs: [TransactionOutput]) -> String? {
            do throws(MempoolRejection) {
                _ = try Mempool().admission(of: entry(1, fee: 100_000), spending: outputs.map { Coin(output: $0, height: 1, isCoinbase: false) }, now: 0)
                return nil
            } catch { return error.reason }
        }
        for version in UInt8(1)...16 {
            #expect(pays(output(version, 2)) == "unknown-output-version")
            #expect(pays(output(version, 20)) == "unknown-output-version")
            #expect(spends([output(0, 20), output(version, 32)]) == "unknown-input-version")
        }
        #expect(pays(output(0, 20)) == nil)
        #expect(spends([output(0, 20), output(0, 20)]) == nil)
        // What no block may hold is for the rules to judge.
        #expect(pays(output(17, 20)) == nil)
        #expect(pays(output(1, 41)) == nil)
    }

    @Test func theCheapestLeaveWithTheirDescendants() throws {
        var policy = MempoolPolicy()
        let size = entry(0, fee: 0).size
        policy.maximumBytes = 4 * size
        var pool = Mempool(policy: policy)
        let (cheap, dear, middle) = (entry(1, fee: 1_000), entry(2, fee: 9_000), entry(3, fee: 5_000))
        let child = entry(4, fee: 1_500, parents: [cheap])
        for one in [cheap, dear, middle, child] { try add(one, to: &pool) }
        #expect(pool.byteCount == policy.maximumBytes)
        // Paying no more than the cheapest, with what depends on it, frees nothing and changes nothing.
        for fee in [500, 1_000] as [Int64] {
            do {
                _ = try pool.admission(of: entry(5, fee: fee), spending: [], now: 0)
                Issue.record("accepted")
            } catch { #expect(error.reason == "mempool full") }
        }
        #expect(Set(pool.entries.keys) == [cheap.txid, dear.txid, middle.txid, child.txid])
        let newcomer = entry(6, fee: 2_000)
        #expect(try pool.admission(of: newcomer, spending: [], now: 0).evicted == [cheap.txid, child.txid])
        try add(newcomer, to: &pool)
        #expect(Set(pool.entries.keys) == [dear.txid, middle.txid, newcomer.txid])
        #expect(pool.byteCount == 3 * size)
        // A child never pushes out what it needs, even where that is the cheapest.
        try add(entry(7, fee: 7_000), to: &pool)
        let needy = entry(8, fee: 9_999, parents: [newcomer])
        #expect(try pool.admission(of: needy, spending: [], now: 0).evicted == [middle.txid])
        #expect(pool.spender(of: newcomer.transaction.inputs[0].outPoint) == newcomer.txid)
        #expect(pool.spender(of: cheap.transaction.inputs[0].outPoint) == nil)
    }

    @Test func oldOnesLeave() throws {
        var pool = Mempool()
        let old = entry(1, fee: 1_000, time: 10)
        let child = entry(2, fee: 1_000, parents: [old], time: 500_000)
        let young = entry(3, fee: 1_000, time: 20)
        for one in [young, old, child] { try add(one, to: &pool) }
        #expect(pool.expire(now: 10 + pool.policy.expirySeconds) == [])
        #expect(pool.expire(now: 11 + pool.policy.expirySeconds) == [old.txid, child.txid])
        #expect(Array(pool.entries.keys) == [young.txid])
        #expect(pool.expire(now: .max) == [young.txid])
    }

    /// A block takes no more than its cost and its signature checks allow, and never a child without its parents.
    @Test func selectionKeepsBothLimits() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var pool = Mempool()
        var all: [MempoolEntry] = []
        for number in UInt32(0)..<300 {
            let parents = all.suffix(40).filter { pool.spender(of: OutPoint(txid: $0.txid, index: 0)) == nil && generator.next() % 8 == 0 }
            let next = entry(number, fee: Int64(500 + generator.next() % 20_000), parents: Array(parents.prefix(3)), outputs: 1 + Int(generator.next() % 5))
            guard (try? add(next, to: &pool)) != nil else { continue }
            all.append(next)
        }
        #expect(pool.entries.count > 200)
        for (cost, checks) in [(10_000, 1_000), (1_000_000, 50), (5_000, 10), (0, 10), (10_000, 0), (.max, .max)] as [(Int, Int)] {
            let chosen = pool.selection(maximumCost: cost, maximumSignatureChecks: checks)
            #expect(chosen.reduce(0) { $0 + $1.cost } <= cost, "seed \(seed)")
            #expect(chosen.reduce(0) { $0 + $1.signatureChecks } <= checks, "seed \(seed)")
            #expect(chosen.isEmpty == (cost == 0 || checks == 0), "seed \(seed)")
            var seen: Set<Hash256> = []
            for one in chosen {
                #expect(one.transaction.inputs.allSatisfy { pool[$0.outPoint.txid] == nil || seen.contains($0.outPoint.txid) }, "seed \(seed)")
                #expect(seen.insert(one.txid).inserted, "seed \(seed)")
            }
        }
        #expect(pool.ordered.count == pool.entries.count)
    }

    @Test func sortedKeysAreASortedSet() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for range in [10, 3_000, 1_000_000] as [UInt64] {
            var (keys, set) = (SortedKeys<UInt64>(), Set<UInt64>())
            for step in 0..<20_000 {
                let key = generator.next() % range
                if generator.next() % 5 < (step < 12_000 ? 4 : 1) {
                    keys.insert(key)
                    set.insert(key)
                } else {
                    // Mostly keys that are there.
                    let key = generator.next() % 4 == 0 ? key : set.first ?? key
                    keys.remove(key)
                    set.remove(key)
                }
                if step % 1_999 == 0 { #expect(Array(keys.ascending) == set.sorted(), "seed \(seed)") }
            }
            #expect(keys.count == set.count, "seed \(seed)")
            for key in set { keys.remove(key) }
            #expect(keys.count == 0 && Array(keys.ascending).isEmpty, "seed \(seed)")
        }
    }
}
