import FlowCrypto
import FlowEncoding
@testable import FlowTraining
import Foundation
import TestSupport
import Testing

@Suite struct CorpusSplitTests {
    struct Vector: Decodable {
        let length: UInt64
        let contextLength: UInt32
        let batchSize: Int
        let trainingLength, legalStarts: UInt64
        let workSeed: String
        let starts: [[UInt64]]
        let heldOutStarts: [UInt64]
    }

    @Test func partsAndStartsEqualTheVector() throws {
        for vector in try Vectors.json("flow/corpus-windows.json", as: [Vector].self) {
            let split = CorpusSplit(length: vector.length, contextLength: vector.contextLength)
            #expect(split.trainingLength == vector.trainingLength)
            #expect(split.legalStarts == vector.legalStarts)
            let seed = try #require(Hash256(bytes: Hex.decode(vector.workSeed)))
            for (step, starts) in zip([UInt32(1), 2, 16], vector.starts) {
                #expect((0..<UInt32(vector.batchSize)).map { split.start(workSeed: seed, step: step, window: $0) } == starts)
            }
            #expect((0..<vector.batchSize).map { split.heldOutStart($0, of: vector.batchSize) } == vector.heldOutStarts)
        }
    }

    /// The first and the last legal start stay inside the training part, held-out windows inside theirs.
    @Test func bounds() {
        for (length, context) in [(UInt64(66_600), UInt32(24)), (1 << 20, 1), (200_000, 65_536), (UInt64.max, 256), (1 << 62, 64)] {
            let split = CorpusSplit(length: length, contextLength: context)
            #expect(split.isLongEnough)
            #expect(split.trainingStart(0) == 0)
            let last = split.trainingStart(.max)
            #expect(last == split.legalStarts - 1)
            // The window's last byte is the training part's last byte.
            #expect(last + UInt64(context) == split.trainingLength - 1)
            for count in [1, 2, 7, 65_536] {
                #expect(split.heldOutStart(0, of: count) == split.trainingLength)
                let end = split.heldOutStart(count - 1, of: count) + UInt64(context)
                #expect(end <= length - 1)
            }
        }
        #expect(CorpusSplit(length: 200_000, contextLength: 65_000).heldOutLength == 65_001)
    }

    @Test func aNetworkNeeds65536LegalStarts() {
        let enough = CorpusSplit(length: 66_600, contextLength: 24)
        #expect(enough.legalStarts == 65_536 && enough.isLongEnough)
        let short = CorpusSplit(length: 66_599, contextLength: 24)
        #expect(short.legalStarts == 65_535 && !short.isLongEnough)
    }

    /// Nothing traps where the corpus is shorter than a window, or the window as long as a number can say.
    @Test func anyLengthIsSplit() {
        for length in [UInt64(0), 1, 24, 25, 49, 50, 65_536, .max] {
            for context in [UInt32(0), 1, 24, .max] {
                let split = CorpusSplit(length: length, contextLength: context)
                #expect(split.legalStarts <= split.trainingLength && split.trainingLength <= length)
                for count in [1, 3, Int.max] {
                    for index in [0, count - 1] { #expect(split.heldOutStart(index, of: count) <= length) }
                }
                #expect(split.start(workSeed: .zero, step: .max, window: .max) <= split.legalStarts)
            }
        }
    }
}
