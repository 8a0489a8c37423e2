import FlowConsensus
import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

@testable import FlowNode

/// What a node says of a block that nobody has trained yet (BIP-23), as Bitcoin Core's `mining_basic` and `mining_template_verification` ask it.
@Suite struct BlockProposalTests {
    @Test func aProposalIsJudgedByEveryRuleButItsTraining() async throws {
        let parameters = try TestNetwork.parameters(), key = try TestKey(1), genesis = parameters.genesisHash
        let node = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: node).mine(101, paying: key.program)
        let first = try await node.blocks(from: 1, limit: 1)[0].transactions[0]
        let coin = (OutPoint(txid: first.txid, index: 0), Coin(output: first.outputs[0], height: 1, isCoinbase: true))
        func pay(_ value: Int64, lockTime: UInt32 = 0, from coin: (OutPoint, Coin)) -> Transaction {
            key.payment(from: [coin], to: [TransactionOutput(value: Amount(haruki: value), program: key.program)], genesis: genesis, lockTime: lockTime)
        }
        let payment = pay(4_999_990_000, from: coin)
        try await node.submit(payment)
        let template = try await node.blockTemplate().block(paying: try TestKey(3).program)
        #expect(template.transactions.count == 2)
        func refusal(_ change: (inout Block) -> Void = { _ in }, keepingRoot: Bool = false) async throws -> String? {
            var block = template
            change(&block)
            if !keepingRoot { block.header.merkleRoot = block.computedMerkleRoot }
            let proposal = block
            return try await node.read { try $0.refusal(ofProposal: proposal) }
        }
        let coins = try await node.read { try $0.coinSummary(isHashed: true).digest }
        // It needs no work, and a ticket changes nothing.
        #expect(try await refusal() == nil)
        #expect(try await refusal { $0.header.nonce = 99 } == nil)
        #expect(try await refusal { $0.transactions[0].inputs[0] = TransactionInput(outPoint: OutPoint(txid: Keccak256.hash([7]), index: 0)) } == "first-not-coinbase")
        #expect(try await refusal { $0.transactions = [] } == "no-transactions")
        #expect(try await refusal { $0.transactions.append($0.transactions[1]) } == "duplicate-transaction")
        let nowhere = (OutPoint(txid: Keccak256.hash([9]), index: 0), coin.1)
        #expect(try await refusal { $0.transactions.append(pay(1_000, from: nowhere)) } == "tx-missing-coin")
        #expect(try await refusal { $0.transactions[1] = pay(4_999_990_000, lockTime: 4_000, from: coin) } == "tx-lock-time")
        #expect(try await refusal { $0.header.bits = CompactTarget(bits: 0x2300_ffff) } == "bits-invalid")
        #expect(try await refusal { $0.header.bits = CompactTarget(bits: 0x1d00_ffff) } == "bad-bits")
        #expect(try await refusal({ $0.header.merkleRoot = Keccak256.hash([5]) }, keepingRoot: true) == "bad-merkle-root")
        #expect(try await refusal { $0.header.version += 1 } == "bad-version")
        #expect(try await refusal { $0.header.time = 0 }?.hasPrefix("time-too-") == true)
        #expect(try await refusal { $0.header.time = 4_000_000_000 } == "time-too-new")
        #expect(try await refusal { $0.header.modelRoot = Keccak256.hash([6]) } == "bad-model-root")
        #expect(try await refusal { $0.header.previousHash = genesis } == "inconclusive-not-best-prevblk")
        #expect(try await refusal { $0.transactions[1] = pay(5_000_000_001, from: coin) } == "tx-outputs-exceed-inputs")
        #expect(try await refusal { $0.transactions.append(pay(4_999_980_000, from: coin)) } == "tx-missing-coin")
        #expect(try await refusal { $0.transactions[1].witnesses = [] }?.hasPrefix("tx-") == true)
        #expect(try await refusal { $0.transactions[0].outputs[0] = TransactionOutput(value: Amount(haruki: 5_000_010_001), program: key.program) } == "coinbase-value")
        // Nothing of all that was kept: the pool, the coins and the tip are as before, and proposals are judged side by side.
        #expect(try await node.read { try $0.coinSummary(isHashed: true).digest } == coins)
        #expect(await node.tip().height == 101)
        let verdicts = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await node.read { try $0.refusal(ofProposal: template) } } }
            return try await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(verdicts.count == 20 && verdicts.allSatisfy { $0 == nil })
        // The same block, trained, is connected; then it is known.
        _ = try await MiningLoop(chain: node).mine(1, paying: key.program)
        let mined = try await node.blocks(from: 102)[0]
        #expect(mined.transactions.contains(payment))
        #expect(try await node.read { try $0.refusal(ofProposal: mined) } == "duplicate")
        #expect(try await refusal() == "inconclusive-not-best-prevblk")
        await node.stop()
    }
}
