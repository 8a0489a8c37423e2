@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@Suite struct CompactTargetTests {
    struct File: Decodable { let cases: [Case] }
    struct Case: Decodable {
        let compact: String?
        let set_value: String?
        let target: String?
        let get_compact: String?
        let get_compact_negative_arg: Bool?
        let negative: Bool?
        let overflow: Bool?
    }

    static func number(_ hex: String) throws -> UInt256 {
        let padded = String(repeating: "0", count: 64 - hex.count) + hex
        return try #require(UInt256(littleEndianBytes: Hex.decode(padded).reversed()))
    }

    /// Bitcoin Core's values of SetCompact and GetCompact.
    @Test func bitcoinCore() throws {
        let cases: [Case] = try Vectors.json("bitcoin/pow/compact_bits.json", as: File.self).cases
        #expect(cases.count > 15)
        for test in cases {
            if let compact = test.compact {
                let bits = CompactTarget(bits: try #require(UInt32(compact, radix: 16)))
                let negative = try #require(test.negative as Bool?)
                let overflow = try #require(test.overflow as Bool?)
                #expect(bits.isNegative == negative, "\(compact)")
                #expect(bits.isOverflow == overflow, "\(compact)")
                #expect(bits.description == compact)
                if let text = test.target {
                    let target = try Self.number(text)
                    #expect(bits.magnitude == target, "\(compact)")
                    #expect((bits.target != nil) == (!negative && !target.isZero))
                }
            }
            guard let text = test.target, let expected = test.get_compact else { continue }
            // Targets have no sign; Bitcoin's encoder can be asked to set it.
            let sign: UInt32 = test.get_compact_negative_arg == true ? 0x0080_0000 : 0
            let encoded = CompactTarget(bits: CompactTarget(try Self.number(text)).bits | sign)
            #expect(encoded.description == expected, "\(text)")
        }
    }

    @Test func chancesOfTheNetworks() throws {
        for (bits, one) in [(0x2001_ffff, 128), (0x2007_ffff, 32), (0x201f_ffff, 8)] as [(UInt32, UInt64)] {
            let work = ChainWork(of: CompactTarget(bits: bits))
            #expect(work.value == UInt256(one))
        }
    }

    @Test func everyValueIsTotal() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let bits = CompactTarget(bits: UInt32(truncatingIfNeeded: random.next()))
            guard let target = bits.target else {
                #expect(ChainWork(of: bits) == .zero)
                continue
            }
            let again = CompactTarget(target)
            #expect(again.target == target)
            #expect(ChainWork(of: bits) > .zero)
        }
    }

    @Test func hashComparesAsLittleEndianNumber() throws {
        let bits = CompactTarget(bits: 0x2001_ffff)
        let target = try #require(bits.target)
        let equal = try #require(Hash256(bytes: target.littleEndianBytes))
        #expect(bits.isMet(by: equal))
        let above = try #require(Hash256(bytes: target.addingReportingOverflow(.one).partialValue.littleEndianBytes))
        #expect(!bits.isMet(by: above))
        #expect(!CompactTarget(bits: 0).isMet(by: .zero))
        #expect(equal.displayHex == target.description)
    }
}
