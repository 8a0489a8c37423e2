@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@testable import FlowNode

/// Bitcoin Core's `feature_block` and its broken transactions (`data/invalid_txs.py`), on a whole chain service.
@Suite struct CoreBlockTests {
    private static let full: Int64 = 5_000_000_000

    /// The coin that a block's coinbase made.
    private static func coin(_ height: BlockHeight, of chain: ChainService) async throws -> (OutPoint, Coin) {
        let coinbase = try await chain.blocks(from: height, limit: 1)[0].transactions[0]
        return (OutPoint(txid: coinbase.txid, index: 0), Coin(output: coinbase.outputs[0], height: height, isCoinbase: true))
    }

    /// A block on the chain's tip with such payments; its digests are invented, which is looked at last.
    private static func block(on chain: ChainService, _ payments: [Transaction], _ change: (inout Block) -> Void = { _ in }) async throws -> Block {
        var block = try await chain.blockTemplate().block(paying: try TestKey(3).program)
        block.transactions = [block.transactions[0]] + payments
        change(&block)
        block.header.merkleRoot = block.computedMerkleRoot
        block.stepDigests = [Keccak256.hash(block.header.merkleRoot.bytes)]
        block.seal(chain.parameters)
        return block
    }

    /// A branch that would be longer, but for a rule that its last block breaks, is left for the chain that was there; a right block on it is followed.
    @Test func branchesThatBreakARuleAreLeft() async throws {
        let parameters = try TestNetwork.parameters(), key = try TestKey(1), genesis = parameters.genesisHash
        let (node, other) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: node).mine(104, paying: key.program)
        for block in try await node.blocks(from: 1, limit: 200) { _ = try await other.submit(block) }
        func pay(_ coin: (OutPoint, Coin), _ value: Int64 = Self.full - 10_000, lockTime: UInt32 = 0) -> Transaction {
            key.payment(from: [coin], to: [TransactionOutput(value: Amount(haruki: value), program: key.program)], genesis: genesis, lockTime: lockTime)
        }
        func child(_ parent: Transaction) -> Transaction {
            pay((OutPoint(txid: parent.txid, index: 0), Coin(output: parent.outputs[0], height: 105, isCoinbase: false)), parent.outputs[0].value.haruki - 10_000)
        }
        let (here, there) = (pay(try await Self.coin(1, of: node)), pay(try await Self.coin(2, of: node)))
        try await node.submit(here)
        try await other.submit(there)
        _ = try await MiningLoop(chain: node).mine(1, paying: key.program)
        _ = try await MiningLoop(chain: other).mine(1, paying: try TestKey(2).program)
        let tip = await node.tip().hash
        let fork = try await other.blocks(from: 105)[0]
        #expect(fork.transactions.last == there)
        #expect(try await node.submit(fork) == .sideChain)

        let (third, young) = (try await Self.coin(3, of: node), try await Self.coin(7, of: node))
        let lost = pay(third)
        let beyond = (OutPoint(txid: third.0.txid, index: 99), third.1)
        let bad: [(what: String, rule: String, block: Block)] = [
            ("too much reward", "coinbase-value", try await Self.block(on: other, [lost]) { block in
                let program = block.transactions[0].outputs[0].program
                block.transactions[0].outputs = [TransactionOutput(value: Amount(haruki: Self.full + 10_001), program: program)]
            }),
            ("a coin of a block that failed", "tx-missing-coin", try await Self.block(on: other, [child(lost)])),
            ("a coin of the other branch", "tx-missing-coin", try await Self.block(on: other, [child(here)])),
            ("a coin that the branch has spent", "tx-missing-coin", try await Self.block(on: other, [pay(try await Self.coin(2, of: node), Self.full - 20_000)])),
            ("an output that is not there", "tx-missing-coin", try await Self.block(on: other, [pay(beyond)])),
            ("a young coinbase", "tx-immature-coinbase", try await Self.block(on: other, [pay(young)])),
            ("more than there is", "tx-outputs-exceed-inputs", try await Self.block(on: other, [pay(third, Self.full + 1)])),
            ("a lock in the future", "tx-lock-time", try await Self.block(on: other, [pay(third, lockTime: 106)])),
            ("one coin twice", "tx-missing-coin", try await Self.block(on: other, [lost, pay(third, Self.full - 20_000)])),
            ("a child before its parent", "tx-missing-coin", try await Self.block(on: other, [child(lost), lost])),
        ]
        for (what, rule, block) in bad {
            #expect(block.header.previousHash == fork.hash && block.header.height == 106)
            #expect(try await node.submit(block).rule == rule, "\(what)")
            #expect(await node.tip().hash == tip, "\(what)")
            #expect(try await node.submit(block) == .duplicateInvalid(rule: try #require(await node.entry(block.hash)?.violation)), "\(what)")
        }
        // None of them cost the branch anything: a right block on it is followed, and what only the left branch held waits again.
        let good = [lost, child(lost)]
        for payment in good { try await other.submit(payment) }
        _ = try await MiningLoop(chain: other).mine(1, paying: try TestKey(2).program)
        let last = try await other.blocks(from: 106)[0]
        #expect(last.transactions.dropFirst().elementsEqual(good))
        #expect(try await node.submit(last) == .connected)
        try await expectSame(node, other)
        #expect(await node.mempoolEntries().map(\.txid) == [here.txid])
        // And back to the first branch, which confirms what came back and gives what the other one held.
        try await node.invalidate(fork.hash)
        #expect(await node.tip().hash == tip)
        #expect(await Set(node.mempoolEntries().map(\.txid)) == Set([there.txid] + good.map(\.txid)))
        #expect(await node.read { $0.mempool.descendants(of: lost.txid) } == [good[1].txid])
        await node.stop()
        await other.stop()
    }

    private struct Inventory: Decodable {
        struct Template: Decodable { let template: String }
        let invalid_tx_templates: [Template]
    }

    /// Each template of a broken transaction, handed to the pool and in a block. Those that need scripts have no counterpart.
    @Test func brokenTransactionsAreRefusedByPoolAndBlock() async throws {
        let parameters = try TestNetwork.parameters(), key = try TestKey(1)
        let chain = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: chain).mine(102, paying: key.program)
        let coin = try await Self.coin(1, of: chain)
        func pay(_ coins: [(OutPoint, Coin)], _ values: [Int64] = [Self.full - 10_000], _ program: LockProgram? = nil) -> Transaction {
            key.payment(
                from: coins, to: values.map { TransactionOutput(value: Amount(haruki: $0), program: program ?? key.program) }, genesis: parameters.genesisHash)
        }
        var extra = pay([coin])
        extra.witnesses += extra.witnesses
        let small = pay([coin], [1_000], LockProgram(version: 1, bytes: [1, 2, 3, 4]))
        #expect(small.strippedEncoding.count == 64)
        let half = Amount.maxMoney.haruki / 2 + 1
        let broken: [String: (pool: String, block: String, transaction: Transaction)] = [
            "OutputMissing": ("tx-no-outputs", "tx-no-outputs", pay([coin], [])),
            "InputMissing": ("tx-no-inputs", "tx-no-inputs", pay([])),
            // So short a transaction pays to a version without meaning, which the pool looks at first.
            "SizeTooSmall": ("unknown-output-version", "tx-64-bytes", small),
            "ExtraWitness": ("tx-witness-count", "tx-witness-count", extra),
            "BadInputOutpointIndex": ("bad-txns-inputs-missingorspent", "tx-missing-coin", pay([(OutPoint(txid: coin.0.txid, index: 500), coin.1)])),
            "DuplicateInput": ("tx-duplicate-input", "tx-duplicate-input", pay([coin, coin])),
            "PrevoutNullInput": ("tx-null-input", "tx-null-input", pay([coin, (.null, coin.1)])),
            "NonexistentInput": ("bad-txns-inputs-missingorspent", "tx-missing-coin", pay([(OutPoint(txid: Keccak256.hash([9]), index: 0), coin.1)])),
            "SpendTooMuch": ("tx-outputs-exceed-inputs", "tx-outputs-exceed-inputs", pay([coin], [Self.full + 1])),
            "CreateNegative": ("tx-output-value", "tx-output-value", pay([coin], [-1])),
            "CreateTooLarge": ("tx-output-value", "tx-output-value", pay([coin], [Amount.maxMoney.haruki + 1])),
            "CreateSumTooLarge": ("tx-output-total", "tx-output-total", pay([coin], [half, half])),
        ]
        let withoutScripts: Set = ["InvalidOPIFConstruction", "NonStandardAndInvalid"]
        // The count of signatures is one of blocks; RuleTests has it as `too-many-signatures`.
        let counted: Set = ["TooManySigopsPerBlock", "TooManySigopsPerTransaction"]
        let inventory = try Vectors.json("bitcoin/core_checklists/core_inventory.json", as: Inventory.self)
        #expect(Set(inventory.invalid_tx_templates.map(\.template)) == Set(broken.keys).union(withoutScripts).union(counted))
        for (name, (pool, rule, transaction)) in broken.sorted(by: { $0.key < $1.key }) {
            do {
                try await chain.submit(transaction)
                Issue.record("\(name) was taken")
            } catch let rejection as MempoolRejection {
                #expect(rejection.reason == pool, "\(name)")
            }
            #expect(try await chain.submit(try await Self.block(on: chain, [transaction])).rule == rule, "\(name)")
        }
        #expect(await chain.tip().height == 102)
        #expect(await chain.read { $0.mempool.entries.count } == 0)
        func refusal(_ transaction: Transaction) async throws -> String? {
            do {
                try await chain.submit(transaction)
                return nil
            } catch let rejection as MempoolRejection { return rejection.reason }
        }
        let output = TransactionOutput(value: Amount(haruki: Self.full - 10_000), program: key.program)
        #expect(try await refusal(key.payment(from: [coin], to: [output], genesis: parameters.genesisHash, sequence: 200)) == "tx-relative-lock-height")
        // The same coin, right: the chain goes on. Another witness makes no other payment of it.
        let good = pay([coin])
        try await chain.submit(good)
        var again = good
        var items = good.witnesses[0].items
        items[1][0] ^= 1
        again.witnesses = [Witness(items: items)]
        #expect(again.txid == good.txid && again.witnessHash != good.witnessHash)
        #expect(try await refusal(again) == "txn-already-in-mempool")
        _ = try await MiningLoop(chain: chain).mine(1, paying: key.program)
        #expect(try await chain.coin(coin.0) == nil)
        // What was there once is as missing as what never was.
        #expect(try await refusal(pay([coin], [Self.full - 20_000])) == "bad-txns-inputs-missingorspent")
        await chain.stop()
    }

    /// Bitcoin Core's `mempool_reorg`: a branch with fewer blocks takes the age of a coinbase away, and with it the payment that waits and its child.
    @Test func whatIsTooYoungAfterAReorganisationWaitsNoLonger() async throws {
        let parameters = try TestNetwork.parameters(), key = try TestKey(1)
        let chain = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: chain).mine(103, paying: key.program)
        func pay(_ coin: (OutPoint, Coin), _ value: Int64, lockTime: UInt32 = 0) -> Transaction {
            key.payment(from: [coin], to: [TransactionOutput(value: Amount(haruki: value), program: key.program)], genesis: parameters.genesisHash, lockTime: lockTime)
        }
        // Of age in block 104 for the first time; one that was before; one whose lock ends with block 103.
        let young = pay(try await Self.coin(4, of: chain), Self.full - 10_000), old = pay(try await Self.coin(1, of: chain), Self.full - 10_000)
        let child = pay((OutPoint(txid: young.txid, index: 0), Coin(output: young.outputs[0], height: 104, isCoinbase: false)), Self.full - 20_000)
        let locked = pay(try await Self.coin(2, of: chain), Self.full - 10_000, lockTime: 103)
        for payment in [young, child, old, locked] { try await chain.submit(payment) }
        #expect(await chain.read { $0.mempool.entries.count } == 4)
        try await chain.invalidate(try #require(await chain.entry(at: 103)).hash)
        #expect(await chain.tip().height == 102)
        #expect(await chain.mempoolEntries().map(\.txid) == [old.txid])
        #expect(try await chain.blockTemplate().transactions.map(\.txid) == [old.txid])
        await chain.stop()
    }

    /// A block with a count written in more bytes than needed is no block, and does not stand in the way of the one that it imitates.
    @Test func aBloatedBlockIsNoneAndTheBlockIsTaken() async throws {
        let parameters = try TestNetwork.parameters()
        let (miner, chain) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: miner).mine(1, paying: try TestKey(1).program)
        let block = try await miner.blocks(from: 1)[0]
        let bytes = block.encoded
        // Behind the header stands the count of digests, and behind those the count of transactions.
        let places = [BlockHeader.encodedLength, BlockHeader.encodedLength + 1 + 32 * block.stepDigests.count]
        for place in places {
            for bloated in [[0xfd, bytes[place], 0], [0xfe, bytes[place], 0, 0, 0], [0xff, bytes[place], 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]] {
                #expect(throws: (any Error).self) { try Block(decoding: Array(bytes[..<place]) + bloated + Array(bytes[(place + 1)...])) }
            }
        }
        #expect(try Block(decoding: bytes) == block)
        #expect(try await chain.submit(block) == .connected)
        await miner.stop()
        await chain.stop()
    }

    /// A block whose time is ahead of the clock is not taken, and is once its time has come.
    @Test func aBlockOfTheFutureIsTakenWhenItsTimeHasCome() async throws {
        let parameters = try TestNetwork.parameters()
        let (fast, slow) = (TestClock(), TestClock())
        fast.advance(5_000)
        let (miner, chain) = (try await TestNetwork.chain(parameters, clock: fast), try await TestNetwork.chain(parameters, clock: slow))
        _ = try await MiningLoop(chain: miner).mine(1, paying: try TestKey(1).program)
        let block = try await miner.blocks(from: 1)[0]
        #expect(block.header.time > slow.now + 900)
        #expect(try await chain.submit(block).rule == "time-too-new")
        #expect(await chain.tip().height == 0)
        slow.advance(5_000)
        #expect(try await chain.submit(block) == .connected)
        await miner.stop()
        await chain.stop()
    }
}
