@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

/// The vectors of `make-chain.py`: targets, times, money, lock times, learning rate.
@Suite struct RuleVectorTests {
    struct RetargetFile: Decodable {
        struct Target: Decodable { let bits: String; let target: String?; let shortest: String?; let work: String? }
        struct Case: Decodable {
            let bits: String
            let first: String
            let last: String
            let limit: String
            let timespan: UInt64
            let new: String
        }
        let targets: [Target]
        let cases: [Case]
    }

    private static func bits(_ text: String) throws -> CompactTarget {
        CompactTarget(bits: try #require(UInt32(text, radix: 16)))
    }

    @Test func retarget() throws {
        let file = try Vectors.json("flow/chain-retarget.json", as: RetargetFile.self)
        #expect(file.cases.count > 200)
        for test in file.targets {
            let bits = try Self.bits(test.bits)
            #expect(bits.target?.description == test.target, "\(test.bits)")
            if let target = bits.target {
                #expect(CompactTarget(target).description == test.shortest)
                #expect(ChainWork(of: bits).description == test.work)
            }
        }
        for test in file.cases {
            let next = Retarget.next(
                bits: try Self.bits(test.bits), firstTime: try #require(UInt64(test.first)),
                lastTime: try #require(UInt64(test.last)), limit: try Self.bits(test.limit), timespan: test.timespan)
            #expect(next.description == test.new, "\(test)")
        }
    }

    struct TimeFile: Decodable {
        struct Case: Decodable {
            let retargets: Bool
            let blockInterval: UInt32
            let times: [UInt64]
            let time: UInt64
            let medianTimePast, minimum: UInt64
            let violation: String?
        }
        struct Clock: Decodable { let time, now, due: UInt64; let violation: String? }
        let cases: [Case]
        let clock: [Clock]
    }

    /// Headers with these times, checked through the context as a node does it.
    private static func chain(times: [UInt64], parameters: ChainParameters) -> HeaderChain {
        var genesis = parameters.genesisBlock.header
        genesis.time = times[0]
        var chain = HeaderChain(genesis: genesis)
        for time in times.dropFirst() {
            var header = chain.parent
            header.previousHash = chain.parentHash
            header.height += 1
            header.time = time
            chain.append(header)
        }
        return chain
    }

    @Test func times() throws {
        let file = try Vectors.json("flow/chain-time.json", as: TimeFile.self)
        #expect(file.cases.count > 100)
        for test in file.cases {
            var parameters = TestChain.parameters
            parameters.retargets = test.retargets
            parameters.blockInterval = test.blockInterval
            let chain = Self.chain(times: test.times, parameters: parameters)
            #expect(try chain.medianTimePast() == test.medianTimePast)
            #expect(try chain.minimumTime(parameters) == test.minimum)
            var header = chain.parent
            header.previousHash = chain.parentHash
            header.height += 1
            header.time = test.time
            let violation = TestChain.broken {
                try BlockValidator(parameters: parameters).checkContext(header, context: chain)
            }
            #expect(violation == test.violation, "\(test)")
        }
        for test in file.clock {
            var header = TestChain.parameters.genesisBlock.header
            header.time = test.time
            let violation = TestChain.broken { try BlockValidator(parameters: TestChain.parameters).checkTime(header, now: test.now) }
            #expect(violation == test.violation, "\(test)")
            #expect(TimeRules.due(time: test.time) == test.due)
        }
    }

    struct MoneyFile: Decodable {
        struct Subsidy: Decodable { let height: UInt32; let subsidy: Int64 }
        struct Maturity: Decodable { let coin: UInt32; let height: UInt32; let spendable: Bool }
        struct Zero: Decodable { let coinbase: Bool; let values: [Int64]; let violation: String? }
        let zeroOutputs: [Zero]
        let subsidies: [Subsidy]
        let total: Int64
        let maximum: Int64
        let maturity: [Maturity]
    }

    @Test func money() throws {
        let file = try Vectors.json("flow/chain-money.json", as: MoneyFile.self)
        for test in file.subsidies {
            #expect(ChainParameters.mainnet.subsidy(at: test.height).haruki == test.subsidy)
        }
        var total: Int64 = 0
        for era in 0..<UInt32(64) {
            total += ChainParameters.mainnet.subsidy(at: era * 210_000).haruki * 210_000
        }
        #expect(total == file.total)
        #expect(total == 2_099_999_997_690_000)
        #expect(Amount.maxMoney.haruki == file.maximum)
        #expect(file.zeroOutputs.count == 14)
        for test in file.zeroOutputs {
            let outputs = test.values.map { TransactionOutput(value: Amount(haruki: $0), program: TestChain.program) }
            var transaction = Transaction.coinbase(height: 5, outputs: outputs)
            if !test.coinbase { transaction = TestChain.mature.spend(coinbaseAt: 1, to: outputs) }
            #expect(TestChain.broken { try TransactionRules.checkForm(transaction) } == test.violation, "\(test)")
        }
        for test in file.maturity {
            let output = TransactionOutput(value: .zero, program: TestChain.program)
            let coin = Coin(output: output, height: test.coin, isCoinbase: true)
            #expect(coin.isMature(at: test.height) == test.spendable)
            #expect(Coin(output: output, height: test.coin, isCoinbase: false).isMature(at: 0))
        }
    }

    struct CostFile: Decodable {
        struct Case: Decodable { let outputs, data, transactionBytes, bytes, cost: Int; let violation: String? }
        let program: String
        let limit, signatureChecks: Int
        let cases: [Case]
    }

    @Test func costs() throws {
        let file = try Vectors.json("flow/chain-cost.json", as: CostFile.self)
        #expect(file.limit == ConsensusLimits.blockCost)
        #expect(file.signatureChecks == ConsensusLimits.signatureChecks)
        #expect(file.cases.count == 9)
        let chain = TestChain()
        let output = TransactionOutput(value: Amount(haruki: 1), program: LockProgram(version: 0, bytes: try Hex.decode(file.program)))
        for test in file.cases {
            let block = chain.makeBlock(steps: 3) {
                $0.transactions = [
                    .coinbase(
                        height: 1, outputs: [TransactionOutput](repeating: output, count: test.outputs),
                        data: [UInt8](repeating: 0, count: test.data))
                ]
            }
            #expect(block.transactions[0].encodedLength == test.transactionBytes)
            #expect(block.transactions[0].cost == test.transactionBytes + 64 * test.outputs)
            #expect(block.encodedLength == test.bytes)
            #expect(block.cost == test.cost)
            #expect(chain.broken(block) == test.violation, "\(test)")
        }
    }

    struct LockFile: Decodable {
        struct Absolute: Decodable {
            let lockTime: UInt32
            let sequences: [UInt32]
            let height: UInt32
            let medianTimePast: UInt64
            let final: Bool
        }
        struct Relative: Decodable {
            struct Case: Decodable { let version: UInt32; let coin: UInt32; let sequence: UInt32; let allowed: Bool }
            let times: [UInt64]
            let cases: [Case]
        }
        struct Required: Decodable { let version, sequence, required: UInt32; let met: Bool }
        let required: [Required]
        let absolute: [Absolute]
        let relative: Relative
    }

    @Test func locks() throws {
        let file = try Vectors.json("flow/chain-locks.json", as: LockFile.self)
        for test in file.absolute {
            let inputs = test.sequences.map { TransactionInput(outPoint: OutPoint(txid: .zero, index: 0), sequence: $0) }
            let transaction = Transaction(inputs: inputs, outputs: [], lockTime: test.lockTime)
            #expect(
                LockTime.isFinal(transaction, height: test.height, medianTimePast: test.medianTimePast) == test.final,
                "\(test)")
        }
        let chain = Self.chain(times: file.relative.times, parameters: TestChain.parameters)
        let past = try chain.medianTimePast()
        #expect(file.relative.cases.count == 500)
        for test in file.relative.cases {
            let input = TransactionInput(outPoint: OutPoint(txid: .zero, index: 0), sequence: test.sequence)
            let transaction = Transaction(version: test.version, inputs: [input], outputs: [])
            let output = TransactionOutput(value: .zero, program: TestChain.program)
            let violation = TestChain.broken {
                try TransactionRules.checkRelativeLocks(
                    transaction, coins: [Coin(output: output, height: test.coin, isCoinbase: false)], height: 60,
                    medianTimePast: past, context: chain)
            }
            #expect((violation == nil) == test.allowed, "\(test)")
        }
    }

    /// BIP-112: what a later kind of program may demand of a sequence.
    @Test func requiredLocks() throws {
        let cases = try Vectors.json("flow/chain-locks.json", as: LockFile.self).required
        #expect(cases.count > 300)
        for test in cases {
            let required = RelativeLock(sequence: test.required, version: 2)
            #expect(RelativeLock(sequence: test.sequence, version: test.version).isAtLeast(required) == test.met, "\(test)")
        }
    }

    @Test func relativeLocksRoundTrip() {
        #expect(RelativeLock(sequence: RelativeLock.blocks(144).sequence, version: 2) == .blocks(144))
        #expect(RelativeLock(sequence: RelativeLock.seconds(1_024).sequence, version: 2) == .seconds(1_024))
        #expect(RelativeLock(sequence: RelativeLock.seconds(1_025).sequence, version: 2) == .seconds(1_536))
        #expect(RelativeLock(sequence: RelativeLock.seconds(.max).sequence, version: 2) == .seconds(33_553_920))
        #expect(RelativeLock(sequence: RelativeLock.none.sequence, version: 2) == .none)
    }
}
