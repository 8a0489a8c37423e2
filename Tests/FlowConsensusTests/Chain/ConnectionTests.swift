@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import Testing

@Suite struct ConnectionTests {
    static let chain = TestChain.mature

    /// Spends output 0 of a transaction that is in the same block.
    private func child(of parent: Transaction, fee: Int64 = 0) -> Transaction {
        let outPoint = OutPoint(txid: parent.txid, index: 0)
        let value = Amount(haruki: parent.outputs[0].value.haruki - fee)
        return Self.chain.signed(
            Transaction(
                inputs: [TransactionInput(outPoint: outPoint)],
                outputs: [TransactionOutput(value: value, program: TestChain.program)]), spent: [parent.outputs[0]])
    }

    @Test func connectAndDisconnectUndoEachOther() throws {
        let chain = Self.chain
        let first = chain.spend(coinbaseAt: 1, fee: 10)
        let second = child(of: first, fee: 20)
        let third = chain.spend(coinbaseAt: 2, fee: 30)
        let block = chain.makeBlock([first, second, third])
        let connection = try chain.check(block)
        #expect(connection.fees == Amount(haruki: 60))
        // What the block makes and spends itself appears nowhere.
        let inside = OutPoint(txid: first.txid, index: 0)
        #expect(!connection.changes.created.contains { $0.outPoint == inside })
        #expect(!connection.changes.spent.contains(inside))
        #expect(connection.changes.spent.count == 2)
        #expect(connection.changes.created.count == 3)
        #expect(connection.undo.spentCoins.map(\.count) == [1, 1, 1])

        var coins = chain.coins
        coins.apply(connection.changes)
        #expect(coins != chain.coins)
        let stored = try BlockUndo(decoding: connection.undo.encoded)
        coins.apply(try #require(stored.changes(disconnecting: block)))
        #expect(coins == chain.coins)
    }

    @Test func foreignUndoDataIsRefused() throws {
        let chain = Self.chain
        let block = chain.makeBlock([chain.spend(coinbaseAt: 1)])
        #expect(BlockUndo(spentCoins: []).changes(disconnecting: block) == nil)
        #expect(BlockUndo(spentCoins: [[]]).changes(disconnecting: block) == nil)
    }

    @Test func orderInsideABlock() {
        let chain = Self.chain
        let parent = chain.spend(coinbaseAt: 1)
        let first = child(of: parent)
        let second = child(of: parent, fee: 1)
        #expect(chain.broken(chain.makeBlock([parent, first])) == nil)
        // A child before its parent, a second spend of the same output, a spend of the block's own coinbase.
        #expect(chain.broken(chain.makeBlock([first, parent])) == "tx-missing-coin")
        #expect(chain.broken(chain.makeBlock([parent, first, second])) == "tx-missing-coin")
        #expect(
            chain.broken(chain.makeBlock([chain.spend(coinbaseAt: 1), chain.spend(coinbaseAt: 1, fee: 1)]))
                == "tx-missing-coin")
        let coinbase = chain.makeBlock().transactions[0]
        #expect(chain.broken(chain.makeBlock([child(of: coinbase)])) == "tx-immature-coinbase")
    }

    @Test func relativeLocksInsideABlock() {
        let chain = Self.chain
        let parent = chain.spend(coinbaseAt: 1)
        for (sequence, expected) in [
            (0, nil), (1, "tx-relative-lock-height"), (0x0040_0000, nil), (0x0040_0001, "tx-relative-lock-time"),
        ] as [(UInt32, String?)] {
            let input = TransactionInput(outPoint: OutPoint(txid: parent.txid, index: 0), sequence: sequence)
            let spend = chain.signed(
                Transaction(inputs: [input], outputs: parent.outputs), spent: [parent.outputs[0]])
            #expect(chain.broken(chain.makeBlock([parent, spend])) == expected)
        }
    }

    /// Signatures cost the most, so every other rule on transactions is looked at before the first of them.
    @Test func signaturesComeLast() throws {
        let chain = Self.chain
        var unsigned = chain.spend(coinbaseAt: 1)
        unsigned.witnesses = chain.spend(coinbaseAt: 2).witnesses
        let block = chain.makeBlock([unsigned, chain.spend(coinbaseAt: 3, fee: 7)])
        let unverified = try chain.validator.connectCoins(block, coins: chain.coins, context: chain.context)
        #expect(unverified.signatureChecks == 2)
        #expect(unverified.fees.haruki == 7)
        #expect(throws: BlockViolation.transaction(index: 1, .signature(input: 0))) {
            try chain.validator.verifySignatures(unverified)
        }
        #expect(chain.broken(block) == "tx-signature")
        // Each of these has the same bad signature before it.
        let missing = chain.spend(coinbaseAt: 1, fee: 1)
        let locked = chain.spend(coinbaseAt: 2, sequence: 0, lockTime: 106)
        let tooMuch = Amount(haruki: Subsidy.initial.haruki + 1)
        #expect(chain.broken(chain.makeBlock([unsigned, missing])) == "tx-missing-coin")
        #expect(chain.broken(chain.makeBlock([unsigned, locked])) == "tx-lock-time")
        #expect(chain.broken(chain.makeBlock([unsigned], reward: tooMuch)) == "coinbase-value")
        // Both halves together are `connect`.
        let good = chain.makeBlock([chain.spend(coinbaseAt: 1), chain.spend(coinbaseAt: 2)])
        let halves = try chain.validator.connectCoins(good, coins: chain.coins, context: chain.context)
        #expect(
            try chain.validator.verifySignatures(halves)
                == chain.validator.connect(good, coins: chain.coins, context: chain.context))
    }

    /// Parts of a block may be looked at in any order and side by side: the first transaction with a false signature is named.
    @Test func theFirstFalseSignatureIsNamedInWhateverOrder() throws {
        let chain = Self.chain
        var transactions = [chain.spend(coinbaseAt: 1)]
        while transactions.count < 100 { transactions.append(child(of: transactions[transactions.count - 1])) }
        let runners: [BlockValidator.Runner] = [
            { tasks, body in for task in (0..<tasks).reversed() { body(task) } },
            { tasks, body in withoutActuallyEscaping(body) { body in
                let work = Work(body)
                DispatchQueue.concurrentPerform(iterations: tasks) { work.body($0) }
            } },
        ]
        func verified(_ transactions: [Transaction], _ run: BlockValidator.Runner) throws -> BlockConnection {
            let unverified = try chain.validator.connectCoins(chain.makeBlock(transactions), coins: chain.coins, context: chain.context)
            return try chain.validator.verifySignatures(unverified, run: run)
        }
        for run in runners {
            for count in [0, 1, 15, 16, 17, 33, 100] {
                #expect(try verified(Array(transactions.prefix(count)), run).undo.spentCoins.count == count)
                var spoiled = Array(transactions.prefix(count))
                for index in [count / 3, count - 1] where count > 0 { spoiled[index].witnesses = chain.spend(coinbaseAt: 2).witnesses }
                guard count > 0 else { continue }
                #expect(throws: BlockViolation.transaction(index: count / 3 + 1, .signature(input: 0))) { try verified(spoiled, run) }
            }
        }
    }

    /// Threads share what only one of them calls at a time for each part.
    private struct Work: @unchecked Sendable {
        let body: (Int) -> Void
        init(_ body: @escaping (Int) -> Void) { self.body = body }
    }

    @Test func theGenesisCoinbaseMakesNoCoin() {
        let chain = TestChain()
        #expect(chain.coins.coins.isEmpty)
        #expect(TestChain.broken { try chain.validator.checkForm(chain.parameters.genesisBlock) } != nil)
    }

    /// A retargeting chain: the bits move after each period and the next header must have them.
    @Test func retargetingChain() throws {
        var parameters = TestChain.parameters
        parameters.retargets = true
        parameters.retargetPeriod = 4
        var chain = TestChain(parameters: parameters)
        for height in 1...12 {
            // Blocks come four times too fast.
            let block = chain.makeBlock(time: chain.context.parent.time + 150)
            if height % 4 != 0 {
                #expect(block.header.bits == chain.context.parent.bits)
            } else {
                let first = try #require(chain.context.header(at: BlockHeight(height - 4)))
                let span = chain.context.parent.time - first.time
                #expect(span == 450)
                let old = try #require(chain.context.parent.bits.target)
                let expected = old.multipliedFullWidth(by: 600).quotientAndRemainder(dividingBy: 2_400)
                #expect(block.header.bits == CompactTarget(try #require(expected).quotient.clamped))
            }
            try chain.accept(block)
        }
        #expect(chain.context.parent.bits != parameters.powLimit)
    }

    /// A store that fails is a fault, never a verdict on the block.
    @Test func faultsAreNoVerdicts() throws {
        struct Unreadable: Error {}
        struct Failing: CoinView {
            func coin(for outPoint: OutPoint) throws -> Coin? { throw Unreadable() }
        }
        struct Gap: ChainContext {
            let inner: HeaderChain
            var parent: BlockHeader { inner.parent }
            var parentHash: Hash256 { inner.parentHash }
            var parentResultRoot: Hash256? { nil }
            func header(at height: BlockHeight) -> BlockHeader? { nil }
        }
        let chain = Self.chain
        let block = chain.makeBlock([chain.spend(coinbaseAt: 1)])
        #expect(throws: Unreadable.self) {
            try chain.validator.connect(block, coins: Failing(), context: chain.context)
        }
        #expect(throws: ChainContextFault.missingHeader(height: 95)) {
            try chain.validator.checkContext(block.header, context: Gap(inner: chain.context))
        }
    }
}
