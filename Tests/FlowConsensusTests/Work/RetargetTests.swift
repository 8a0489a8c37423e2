@testable import FlowConsensus
import FlowEncoding
import Foundation
import TestSupport
import Testing

@Suite struct RetargetTests {
    struct File: Decodable { let cases: [Case] }
    struct Case: Decodable {
        let name: String
        let first_time: UInt64
        let last_time: UInt64
        let old_bits: String
        let new_bits: String
        let pow_limit: String
    }

    private static func bits(_ text: String) throws -> CompactTarget {
        CompactTarget(bits: try #require(UInt32(text, radix: 16)))
    }

    /// Cases of Bitcoin Core, rust-bitcoin and real headers.
    @Test func outsideCases() throws {
        let cases = try Vectors.json("bitcoin/pow/retarget_cases.json", as: File.self).cases
        #expect(cases.count == 9)
        for test in cases {
            let next = Retarget.next(
                bits: try Self.bits(test.old_bits), firstTime: test.first_time, lastTime: test.last_time,
                limit: try CompactTargetTests.number(test.pow_limit), timespan: 1_209_600)
            #expect(next.description == test.new_bits, "\(test.name)")
        }
    }

    /// 436 real headers: decoding of bits and the sum of work at each.
    @Test func chainWorkOfBitcoin() throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Vectors.data("bitcoin/pow/mainnet_retarget_headers.json"))
                as? [String: Any])
        let rows = try #require(object["rows"] as? [[Any]])
        #expect(rows.count == 436)
        // The first 2016 blocks have bits 1d00ffff, as has block 2016.
        var bits = CompactTarget(bits: 0x1d00_ffff)
        var work = ChainWork.zero
        for (index, row) in rows.enumerated() {
            let height = try #require(row[0] as? Int)
            #expect(height == (index + 1) * 2016)
            let own = try Self.bits(try #require(row[2] as? String))
            // Work up to the block: the rest of the period before it has the earlier bits.
            let perBlock = ChainWork(of: bits)
            for _ in 0..<(index == 0 ? 2016 : 2015) { work = work.adding(perBlock) }
            bits = own
            work = work.adding(ChainWork(of: own))
            let expected = try CompactTargetTests.number(try #require(row[3] as? String))
            #expect(work.value == expected, "height \(height)")
            let header = try Hex.decode(try #require(row[4] as? String))
            #expect(Array(header[72..<76]) == own.encoded)
        }
    }

    @Test func spanIsSignedAndClamped() {
        let timespan: UInt64 = 1_209_600
        #expect(Retarget.clampedSpan(firstTime: 1_000, lastTime: 1_000, timespan: timespan) == 302_400)
        #expect(Retarget.clampedSpan(firstTime: 1_000_000, lastTime: 5, timespan: timespan) == 302_400)
        #expect(Retarget.clampedSpan(firstTime: 0, lastTime: .max, timespan: timespan) == 4_838_400)
        #expect(Retarget.clampedSpan(firstTime: .max, lastTime: 0, timespan: timespan) == 302_400)
        #expect(Retarget.clampedSpan(firstTime: 0, lastTime: .max, timespan: .max) == .max)
        #expect(Retarget.clampedSpan(firstTime: 0, lastTime: 302_401, timespan: timespan) == 302_401)
    }

    /// A limit of 250 bits times the span needs more than 256 bits; Bitcoin's limit does not.
    @Test func easyTargetsDoNotOverflow() {
        let limit = CompactTarget(bits: 0x2001_ffff)
        let slow = Retarget.next(bits: limit, firstTime: 0, lastTime: 10_000_000, limit: limit, timespan: 1_209_600)
        #expect(slow == limit)
        let even = Retarget.next(bits: limit, firstTime: 0, lastTime: 1_209_600, limit: limit, timespan: 1_209_600)
        #expect(even == limit)
        let fast = Retarget.next(bits: limit, firstTime: 0, lastTime: 1, limit: limit, timespan: 1_209_600)
        #expect(fast.description == "1f7fffc0")
    }

    @Test func everyInputIsTotal() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<5_000 {
            let next = Retarget.next(
                bits: CompactTarget(bits: UInt32(truncatingIfNeeded: random.next())), firstTime: random.next(),
                lastTime: random.next(), limit: CompactTarget(bits: 0x2001_ffff), timespan: random.next() % 3)
            #expect(next.target != nil)
        }
    }
}
