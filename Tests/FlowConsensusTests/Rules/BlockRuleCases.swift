@testable import FlowConsensus
import FlowCrypto
import FlowEncoding

extension RuleCase {
    static let blocks: [RuleCase] = header + context + body + coinbase + training

    private static let chain = TestChain.mature

    static let header: [RuleCase] = [
        RuleCase(
            "bad-version",
            accept: { chain.broken(chain.makeBlock { $0.header.version = 1 }) },
            reject: {
                let names = [0, 2, .max].map { version in chain.broken(chain.makeBlock { $0.header.version = version }) }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "bad-step-count",
            accept: { chain.broken(chain.makeBlock(steps: 2)) ?? chain.broken(chain.makeBlock(steps: 4)) },
            reject: {
                let few = chain.broken(chain.makeBlock(steps: 1))
                let many = chain.broken(chain.makeBlock(steps: 5))
                return few == many ? few : nil
            }),
        RuleCase(
            "bits-invalid",
            accept: { chain.broken(chain.makeBlock { $0.header.bits = CompactTarget(bits: 0x207f_ffff) }) },
            reject: {
                // Zero, negative, more than 256 bits, above the network's limit.
                let names = [0x0000_0000, 0x2080_0001, 0x2300_0001, 0x2100_ffff].map { bits in
                    chain.broken(chain.makeBlock { $0.header.bits = CompactTarget(bits: bits) })
                }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "hash-above-target",
            accept: { chain.broken(chain.makeBlock()) },
            reject: {
                var block = chain.makeBlock()
                repeat { block.header.deltaHash = Keccak256.hash(block.header.deltaHash.bytes) } while block.header.meetsTarget
                return chain.broken(block)
            }),
    ]

    static let context: [RuleCase] = [
        RuleCase(
            "bad-parent",
            accept: { chain.broken(chain.makeBlock()) },
            reject: { chain.broken(chain.makeBlock { $0.header.previousHash = chain.parameters.genesisHash }) }),
        RuleCase(
            "bad-height",
            accept: { chain.broken(chain.makeBlock { $0.header.height = 106 }) },
            reject: {
                chain.broken(
                    chain.makeBlock {
                        $0.header.height = 107
                        $0.transactions[0].lockTime = 106
                    })
            }),
        RuleCase(
            "bad-bits",
            accept: { chain.broken(chain.makeBlock { $0.header.bits = CompactTarget(bits: 0x207f_ffff) }) },
            reject: { chain.broken(chain.makeBlock { $0.header.bits = CompactTarget(bits: 0x207f_fffe) }) }),
        RuleCase(
            "time-too-old",
            accept: { chain.broken(chain.makeBlock(time: try! chain.context.medianTimePast() + 1)) },
            reject: { chain.broken(chain.makeBlock(time: try! chain.context.medianTimePast())) }),
        RuleCase(
            "time-too-soon",
            accept: { spaced.broken(spaced.makeBlock(time: spaced.context.parent.time + 60)) },
            reject: {
                // Also far above the median time past, and below it.
                let names = [59, 0, -1, -400_000].map { spaced.broken(spaced.makeBlock(time: spaced.context.parent.time &+ UInt64(bitPattern: $0))) }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "time-too-new",
            accept: {
                let block = chain.makeBlock()
                return chain.broken(block, now: block.header.time - 900)
            },
            reject: {
                let block = chain.makeBlock()
                let names = [901, 7_201].map { chain.broken(block, now: block.header.time - $0) }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "bad-model-root",
            accept: { chain.broken(chain.makeBlock { $0.header.modelRoot = chain.context.parentResultRoot ?? .zero }) },
            reject: { chain.broken(chain.makeBlock { $0.header.modelRoot = .zero }) }),
    ]

    private static let spaced = TestChain.spaced

    static let body: [RuleCase] = [
        RuleCase(
            "block-cost",
            accept: { chain.broken(filled(to: 4_000_000)) },
            reject: { chain.broken(filled(to: 4_000_001)) }),
        RuleCase(
            "bad-digest-count",
            accept: { chain.broken(chain.makeBlock(steps: 3)) },
            reject: {
                var block = chain.makeBlock(steps: 3)
                block.stepDigests.removeLast()
                return chain.broken(block)
            }),
        RuleCase(
            "no-transactions",
            accept: { chain.broken(chain.makeBlock()) },
            reject: { chain.broken(chain.makeBlock { $0.transactions = [] }) }),
        RuleCase(
            "bad-merkle-root",
            accept: { chain.broken(chain.makeBlock()) },
            reject: {
                var block = chain.makeBlock()
                block.transactions[0].coinbaseData = [1]
                return chain.broken(block)
            }),
        RuleCase(
            "bad-digest-chain",
            accept: { chain.broken(chain.makeBlock()) },
            reject: {
                var block = chain.makeBlock()
                block.stepDigests[0] = flipped(block.stepDigests[0], bit: 77)
                return chain.broken(block)
            }),
        RuleCase(
            "duplicate-transaction",
            accept: { chain.broken(chain.makeBlock([chain.spend(coinbaseAt: 1), chain.spend(coinbaseAt: 2)])) },
            reject: { chain.broken(chain.makeBlock([chain.spend(coinbaseAt: 1), chain.spend(coinbaseAt: 1)])) }),
    ]

    /// A block that costs exactly so much: one coinbase with many outputs and some data.
    private static func filled(to cost: Int) -> Block {
        let output = TransactionOutput(value: Amount(haruki: 1), program: TestChain.program)
        let fixed = chain.makeBlock(steps: 2) { $0.transactions[0].outputs = [output] }.cost
        // The count of outputs takes three bytes instead of one.
        let room = cost - fixed - 2
        return chain.makeBlock(steps: 2) {
            $0.transactions[0].outputs = [TransactionOutput](repeating: output, count: 1 + room / 94)
            $0.transactions[0].coinbaseData = [UInt8](repeating: 1, count: room % 94)
        }
    }

    static let coinbase: [RuleCase] = [
        RuleCase(
            "first-not-coinbase",
            accept: { chain.broken(chain.makeBlock([chain.spend(coinbaseAt: 1)])) },
            reject: { chain.broken(chain.makeBlock { $0.transactions = [chain.spend(coinbaseAt: 1)] }) }),
        RuleCase(
            "second-coinbase",
            accept: { chain.broken(chain.makeBlock([chain.spend(coinbaseAt: 1)])) },
            reject: {
                let output = TransactionOutput(value: .zero, program: TestChain.program)
                return chain.broken(chain.makeBlock([Transaction.coinbase(height: 106, outputs: [output])]))
            }),
        RuleCase(
            "coinbase-lock-time",
            accept: { chain.broken(chain.makeBlock { $0.transactions[0].lockTime = 105 }) },
            reject: {
                let names = [0, 104, 106, 1_774_051_200].map { lock in
                    chain.broken(chain.makeBlock { $0.transactions[0].lockTime = lock })
                }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "coinbase-sequence",
            accept: {
                chain.broken(
                    chain.makeBlock { $0.transactions[0].inputs = [TransactionInput(outPoint: .null, sequence: 0)] })
            },
            reject: {
                chain.broken(chain.makeBlock { $0.transactions[0].inputs = [TransactionInput(outPoint: .null)] })
            }),
        RuleCase(
            "coinbase-value",
            accept: {
                let reward = Amount(haruki: Subsidy.initial.haruki + 1_000)
                return chain.broken(chain.makeBlock([chain.spend(coinbaseAt: 1, fee: 1_000)], reward: reward))
            },
            reject: {
                let reward = Amount(haruki: Subsidy.initial.haruki + 1_001)
                return chain.broken(chain.makeBlock([chain.spend(coinbaseAt: 1, fee: 1_000)], reward: reward))
            }),
        RuleCase(
            "fee-total",
            accept: { richFees(Amount(haruki: 1_000_000_000_000_000)) },
            reject: { richFees(.maxMoney) }),
        RuleCase(
            "too-many-signatures",
            accept: { spending(inputs: [1_500, 1_500]) },
            reject: { spending(inputs: [1_500, 1_501]) }),
    ]

    /// A block whose transactions spend so many made up coins each.
    private static func spending(inputs counts: [Int]) -> String? {
        let output = TransactionOutput(value: Amount(haruki: 1), program: TestChain.program)
        var table = CoinTable()
        let transactions = counts.enumerated().map { number, count in
            let outPoints = (0..<UInt32(count)).map { OutPoint(txid: Keccak256.hash([UInt8(number)]), index: $0) }
            let coin = Coin(output: output, height: 1, isCoinbase: false)
            table.apply(CoinChanges(spent: [], created: outPoints.map { CoinChanges.Creation(outPoint: $0, coin: coin) }))
            return chain.signed(
                Transaction(inputs: outPoints.map { TransactionInput(outPoint: $0) }, outputs: [output]),
                spent: [TransactionOutput](repeating: output, count: count))
        }
        return chain.broken(chain.makeBlock(transactions), coins: table)
    }

    /// Two coins of this value, given away as fees.
    private static func richFees(_ value: Amount) -> String? {
        let output = TransactionOutput(value: value, program: TestChain.program)
        let little = TransactionOutput(value: Amount(haruki: 1), program: TestChain.program)
        var table = CoinTable()
        let transactions = (0..<2).map { index in
            let outPoint = OutPoint(txid: .zero, index: UInt32(index))
            let coin = Coin(output: output, height: 1, isCoinbase: false)
            table.apply(CoinChanges(spent: [], created: [CoinChanges.Creation(outPoint: outPoint, coin: coin)]))
            return chain.signed(
                Transaction(inputs: [TransactionInput(outPoint: outPoint)], outputs: [little]), spent: [output])
        }
        return chain.broken(chain.makeBlock(transactions), coins: table)
    }

    static let training: [RuleCase] = [
        RuleCase(
            "training-digest",
            accept: { chain.broken(chain.makeBlock()) },
            reject: {
                // The digests chain to the header and the hash has its work, but a step was not done.
                let block = chain.mined(chain.makeBlock()) { $0[1] = flipped($0[1], bit: 0) }
                return chain.broken(block)
            }),
        RuleCase(
            "training-step",
            accept: { chain.broken(chain.makeBlock()) },
            reject: {
                let block = chain.makeBlock()
                let known = KnownDigests.Trajectory(digests: [block.stepDigests[0]], end: "not finite")
                return chain.broken(block, known: known)
            }),
    ]

    static func flipped(_ hash: Hash256, bit: Int) -> Hash256 {
        var bytes = hash.bytes
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return Hash256(bytes: bytes)!
    }
}
