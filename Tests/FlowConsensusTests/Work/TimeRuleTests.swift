@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

/// BIP-54's own chains of headers, reduced to times and bits: their hashes are Bitcoin's.
@Suite struct TimeRuleTests {
    final class Node: Decodable {
        let block_headers: [String]
        let valid: Bool?
        let comment: String?
        let extensions: [Node]?
    }
    struct Summary: Decodable {
        struct Case: Decodable {
            let chain_length: Int
            let valid_bip54: Bool
            let first_violating_height: UInt32?
            let comment: String
        }
        let cases: [Case]
    }
    struct Sample { let time: UInt64; let bits: CompactTarget }

    private static func collect(_ node: Node, below: [Sample]) throws -> [(chain: [Sample], valid: Bool, comment: String)] {
        var chain = below
        for text in node.block_headers {
            let bytes = try Hex.decode(text)
            var reader = ByteReader(bytes[68...])
            chain.append(Sample(time: UInt64(try reader.readUInt32()), bits: CompactTarget(bits: try reader.readUInt32())))
        }
        var result: [(chain: [Sample], valid: Bool, comment: String)] = []
        if let valid = node.valid { result.append((chain, valid, node.comment ?? "")) }
        for child in node.extensions ?? [] { result += try collect(child, below: chain) }
        return result
    }

    /// BIP-54's rules and Bitcoin's on the time of the last block of a chain: what the least spacing has to imply.
    private static func breaksBitcoinsRules(_ times: some RandomAccessCollection<UInt64>, height: Int, period: Int) -> Bool {
        let below = times.dropLast()
        guard let time = times.last, let parent = below.last else { return false }
        if time <= MedianTimePast.of(Array(below.suffix(11))) { return true }
        if height % period == 0, time &+ 7_200 < parent { return true }
        if height % period == period - 1, let start = below.dropLast(period - 2).last { return time < start }
        return false
    }

    private static func checkBits(_ chain: [Sample], at height: Int) {
        let period = 2016
        guard height % period == 0 else {
            #expect(chain[height].bits == chain[height - 1].bits)
            return
        }
        let next = Retarget.next(
            bits: chain[height - 1].bits, firstTime: chain[height - period].time, lastTime: chain[height - 1].time,
            limit: CompactTarget(bits: 0x1d00_ffff), timespan: 1_209_600)
        #expect(chain[height].bits == next)
    }

    /// The stated verdicts are those of the three rules as written above; the least spacing refuses each chain at height 41,
    /// the first block in all of them whose time goes back.
    @Test func bip54() throws {
        let tree = try Vectors.json("bitcoin/bip54/timestamps.json", as: Node.self)
        let cases = try Self.collect(tree, below: [])
        let summary = try Vectors.json("bitcoin/bip54/timestamps_flat_summary.json", as: Summary.self).cases
        #expect(cases.count == summary.count)
        for (test, expected) in zip(cases, summary) {
            #expect(test.chain.count == expected.chain_length)
            #expect(test.comment == expected.comment)
            let times = test.chain.map(\.time)
            let violation = (1..<times.count).first { Self.breaksBitcoinsRules(times[...$0], height: $0, period: 2016) }
            #expect(violation.map(UInt32.init) == expected.first_violating_height, "\(test.comment)")
            #expect((violation == nil) == test.valid, "\(test.comment)")
            for height in 1..<(violation ?? times.count) { Self.checkBits(test.chain, at: height) }
            let refused = try (1..<times.count).first { try !Self.isSpaced(times[..<$0], next: times[$0]) }
            #expect(refused == 41, "\(test.comment)")
        }
    }

    /// What a validator says of `next` on blocks with these times, on a network with blocks every 600 s that retargets.
    private static func isSpaced(_ times: ArraySlice<UInt64>, next: UInt64) throws -> Bool {
        struct Branch: ChainContext {
            let parent: BlockHeader
            var parentHash: Hash256 { .zero }
            var parentResultRoot: Hash256? { nil }
            func header(at height: BlockHeight) -> BlockHeader? { nil }
        }
        var header = ChainParameters.mainnet.genesisBlock.header
        header.time = try #require(times.last)
        let minimum = try Branch(parent: header).minimumTime(.mainnet)
        return next >= (try #require(minimum))
    }

    /// On a network that retargets, times that keep the least spacing keep the median rule and both rules of BIP-54.
    @Test func theLeastSpacingImpliesTheOtherRules() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        let spacing = try #require(ChainParameters.mainnet.leastSpacing)
        #expect(spacing == 60)
        for _ in 0..<200 {
            let period = Int(generator.next() % 30) + 2
            var times: [UInt64] = [1_774_051_200]
            for height in 1..<100 {
                let wait = generator.next() % 3 == 0 ? generator.next() % 100_000 : 0
                times.append(times[height - 1] + spacing + wait)
                #expect(try Self.isSpaced(times[..<height], next: times[height]))
                #expect(!Self.breaksBitcoinsRules(times[...], height: height, period: period), "seed \(seed)")
            }
        }
    }

    @Test func dueTimes() throws {
        #expect(TimeRules.due(time: 0) == 0)
        #expect(TimeRules.due(time: 900) == 0)
        #expect(TimeRules.due(time: .max) == UInt64.max - 900)
        let time: UInt64 = 1_774_060_000
        let violation = BlockViolation.timeTooNew(now: 5, actual: time)
        let due = try #require(violation.due)
        #expect(throws: Never.self) { try TimeRules.checkFuture(time: time, now: due) }
        #expect(throws: BlockViolation.timeTooNew(now: due - 1, actual: time)) { try TimeRules.checkFuture(time: time, now: due - 1) }
        #expect(BlockViolation.timeTooSoon(parentTime: 1, spacing: 60, actual: 5).due == nil)
        #expect(!violation.condemnsHash)
    }

    @Test func medianOfEleven() {
        #expect(MedianTimePast.of([]) == 0)
        #expect(MedianTimePast.of([5]) == 5)
        #expect(MedianTimePast.of([5, 9]) == 9)
        #expect(MedianTimePast.of([9, 5, 7]) == 7)
        #expect(MedianTimePast.of([100, 100, 100] + Array(1...11)) == 6)
    }

    @Test func extremesAreTotal() {
        for time in [0, 1, 900, 901, .max - 900, .max - 1, .max] as [UInt64] {
            for now in [0, 1, 900, .max - 900, .max] as [UInt64] {
                let isAllowed = (try? TimeRules.checkFuture(time: time, now: now)) != nil
                #expect(isAllowed == (time <= now || time - now <= 900))
            }
        }
    }
}
