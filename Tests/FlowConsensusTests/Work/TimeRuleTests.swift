import FlowConsensus
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

    private static func check(_ chain: [Sample], at height: Int) throws {
        let below = chain[..<height]
        let period = 2016
        try TimeRules.check(
            time: chain[height].time, height: UInt32(height), medianTimePast: MedianTimePast.of(below.map(\.time)),
            parentTime: chain[height - 1].time,
            periodStartTime: height % period == period - 1 ? chain[height - (period - 1)].time : nil, period: 2016)
        guard height % period == 0 else {
            #expect(chain[height].bits == chain[height - 1].bits)
            return
        }
        let next = Retarget.next(
            bits: chain[height - 1].bits, firstTime: chain[height - period].time, lastTime: chain[height - 1].time,
            limit: CompactTarget(bits: 0x1d00_ffff), timespan: 1_209_600)
        #expect(chain[height].bits == next)
    }

    @Test func bip54() throws {
        let tree = try Vectors.json("bitcoin/bip54/timestamps.json", as: Node.self)
        let cases = try Self.collect(tree, below: [])
        let summary = try Vectors.json("bitcoin/bip54/timestamps_flat_summary.json", as: Summary.self).cases
        #expect(cases.count == summary.count)
        for (test, expected) in zip(cases, summary) {
            #expect(test.chain.count == expected.chain_length)
            #expect(test.comment == expected.comment)
            var violation: UInt32?
            for height in 1..<test.chain.count {
                do {
                    try Self.check(test.chain, at: height)
                } catch is BlockViolation {
                    violation = UInt32(height)
                    break
                }
            }
            #expect(violation == expected.first_violating_height, "\(test.comment)")
            #expect((violation == nil) == test.valid, "\(test.comment)")
        }
    }

    @Test func medianOfEleven() {
        #expect(MedianTimePast.of([]) == 0)
        #expect(MedianTimePast.of([5]) == 5)
        #expect(MedianTimePast.of([5, 9]) == 9)
        #expect(MedianTimePast.of([9, 5, 7]) == 7)
        #expect(MedianTimePast.of([100, 100, 100] + Array(1...11)) == 6)
    }

    @Test func extremesAreTotal() {
        let values: [UInt64] = [0, 1, 7_200, 7_201, .max - 7_200, .max - 1, .max]
        for time in values {
            for other in values {
                for height in [0, 1, 2_015, 2_016, UInt32.max] as [UInt32] {
                    for period in [0, 1, 2, 2_016, UInt32.max] as [UInt32] {
                        _ = try? TimeRules.check(
                            time: time, height: height, medianTimePast: other, parentTime: other,
                            periodStartTime: other, period: period)
                    }
                }
                _ = try? TimeRules.checkFuture(time: time, now: other)
            }
        }
    }
}
