@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

/// Nothing from outside traps: random and mutated bytes are decoded, and whatever decodes goes through all rules.
@Suite struct TotalityTests {
    private func randomBytes(_ generator: inout SeededGenerator, below limit: UInt64) -> [UInt8] {
        (0..<Int(generator.next() % limit)).map { _ in
            // Small numbers are frequent, so that counts stay plausible.
            let value = generator.next()
            return value & 0x100 == 0 ? UInt8(truncatingIfNeeded: value % 4) : UInt8(truncatingIfNeeded: value)
        }
    }

    /// Outputs of versions without a meaning, and witnesses with all kinds of lists.
    private let laterVersions = Transaction(
        inputs: (0..<3).map { TransactionInput(outPoint: OutPoint(txid: .zero, index: $0), sequence: $0) },
        outputs: [1, 7, 16].map { TransactionOutput(value: Amount(haruki: 9), program: LockProgram(version: $0, bytes: [UInt8](repeating: $0, count: 2 + Int($0)))) },
        witnesses: [Witness(items: []), Witness(items: [[], [1], [2, 2]]), Witness(items: [[UInt8](repeating: 3, count: 300)])])

    private func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var result = bytes
        for _ in 0...Int(generator.next() % 4) where !result.isEmpty {
            let position = Int(generator.next() % UInt64(result.count))
            switch generator.next() % 5 {
            case 0: result.remove(at: position)
            case 1: result.insert(UInt8(truncatingIfNeeded: generator.next()), at: position)
            case 2: result[position] ^= 1 << UInt8(generator.next() % 8)
            case 3: result[position] = [0, 1, 0xfc, 0xfd, 0xfe, 0xff][Int(generator.next() % 6)]
            default: result.removeLast(Int(generator.next() % UInt64(result.count)))
            }
        }
        return result
    }

    /// Decoding takes all bytes or fails; what decodes has one encoding only.
    private func roundTrip<Value: BinaryCodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
        guard let value = try? Value(decoding: bytes) else { return nil }
        #expect(value.encoded == bytes)
        return value
    }

    private func exercise(_ bytes: [UInt8]) {
        let chain = TestChain.mature
        _ = roundTrip(BlockHeader.self, bytes)
        _ = roundTrip(Coin.self, bytes)
        _ = roundTrip(BlockLocator.self, bytes)
        _ = roundTrip(OutPoint.self, bytes)
        if let undo = roundTrip(BlockUndo.self, bytes) { _ = undo.changes(disconnecting: chain.blocks[0]) }
        if let transaction = roundTrip(Transaction.self, bytes) {
            _ = TestChain.broken { try TransactionRules.checkForm(transaction) }
            _ = TestChain.broken {
                _ = try TransactionRules.check(
                    transaction, coins: chain.coins, context: chain.context, domain: chain.validator.signatureDomain(at: chain.nextHeight))
            }
        }
        if let block = roundTrip(Block.self, bytes) {
            _ = chain.broken(block)
            _ = TestChain.broken { try chain.validator.checkDigestChain(block) }
            _ = TestChain.broken { try chain.validator.checkContext(block.header, context: chain.context) }
            _ = TestChain.broken { _ = try chain.validator.connect(block, coins: chain.coins, context: chain.context) }
        }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SeededGenerator(seed: 0xf10c)
        for _ in 0..<3_000 { exercise(randomBytes(&generator, below: 400)) }
    }

    @Test func mutatedValuesNeverTrap() {
        let chain = TestChain.mature
        let seeds: [[UInt8]] = [
            chain.makeBlock([chain.spend(coinbaseAt: 1), chain.spend(coinbaseAt: 2, fee: 5)]).encoded,
            chain.spend(coinbaseAt: 3).encoded, laterVersions.encoded, chain.blocks[7].transactions[0].encoded, chain.blocks[9].header.encoded,
            BlockUndo(spentCoins: [[Coin(output: chain.blocks[0].transactions[0].outputs[0], height: 1, isCoinbase: true)]])
                .encoded,
            BlockLocator(hashes: chain.blocks.prefix(20).map(\.hash)).encoded,
        ]
        var generator = SeededGenerator(seed: 0xc0de)
        for seed in seeds {
            exercise(seed)
            for _ in 0..<500 { exercise(mutated(seed, &generator)) }
        }
    }

    @Test func extremeHeadersNeverTrap() {
        let chain = TestChain.mature
        for height in [0, 1, 106, UInt32.max] {
            for time in [0, 1_774_051_200, UInt64.max] as [UInt64] {
                for steps in [0, 2, UInt32.max] {
                    var block = chain.blocks[3]
                    block.header.height = height
                    block.header.time = time
                    block.header.steps = steps
                    #expect(chain.broken(block) != nil)
                    _ = TestChain.broken { try chain.validator.checkTime(block.header, now: .max) }
                    _ = TestChain.broken {
                        _ = try chain.validator.connect(block, coins: chain.coins, context: chain.context)
                    }
                }
            }
        }
    }

    /// A chain whose last block has the last height: it has no child, and nothing overflows.
    @Test func theLastHeightHasNoChild() throws {
        struct Top: ChainContext {
            var parent: BlockHeader
            var parentHash: Hash256 { parent.hash }
            var parentResultRoot: Hash256? { nil }
            func header(at height: BlockHeight) -> BlockHeader? { parent }
        }
        var parent = TestChain.mature.context.parent
        parent.height = .max
        let top = Top(parent: parent)
        #expect(top.nextHeight == nil)
        var header = parent
        header.previousHash = parent.hash
        header.height = 0
        header.time += 1
        let broken = TestChain.broken { try TestChain.mature.validator.checkContext(header, context: top) }
        #expect(broken == "bad-height")
        _ = try top.expectedBits(.mainnet)
        #expect(try top.minimumTime(.mainnet) == parent.time + 60)
        parent.time = .max - 59
        let last = Top(parent: parent)
        #expect(try last.minimumTime(.mainnet) == nil)
        #expect(try last.minimumTime(.regtest) == .max - 58)
        parent.time = .max
        #expect(try Top(parent: parent).minimumTime(.regtest) == nil)
    }
}
