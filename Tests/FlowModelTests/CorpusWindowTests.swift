import FlowCrypto
import FlowEncoding
import FlowModel
@testable import FlowTraining
import Foundation
import TestSupport
import Testing

@Suite("Corpus windows")
struct CorpusWindowTests {
    struct Vector: Decodable {
        let length: UInt64
        let seed: String
        let contextLength, batchSize: Int
        let trainingLength, legalStarts: UInt64
        let workSeed: String
        let starts: [[UInt64]]
        let firstWindowOfStep2: [UInt16]
        let heldOutStarts: [UInt64]
    }

    @Test("windows equal the vector")
    func vector() throws {
        for vector in try Vectors.json("flow/corpus-windows.json", as: [Vector].self) {
            let corpus = SyntheticCorpus(length: vector.length, seed: try #require(UInt64(vector.seed, radix: 16)))
            let sampler = try BatchSampler(
                corpus: corpus, contextLength: vector.contextLength, batchSize: vector.batchSize)
            #expect(sampler.split.trainingLength == vector.trainingLength)
            #expect(sampler.split.legalStarts == vector.legalStarts)
            let seed = try #require(Hash256(bytes: Hex.decode(vector.workSeed)))
            for (step, starts) in zip([UInt32(1), 2, 16], vector.starts) {
                #expect(
                    (0..<UInt32(vector.batchSize)).map { sampler.split.start(workSeed: seed, step: step, window: $0) } == starts)
            }
            let batch = try sampler.batch(workSeed: seed, step: 2)
            #expect(batch.windows == vector.batchSize && batch.contextLength == vector.contextLength)
            #expect(Array(batch.tokens.prefix(vector.contextLength + 1)) == vector.firstWindowOfStep2)
            let held = try sampler.heldOutBatch()
            #expect((0..<vector.batchSize).map { sampler.split.heldOutStart($0, of: vector.batchSize) } == vector.heldOutStarts)
            for (index, start) in vector.heldOutStarts.enumerated() {
                let count = vector.contextLength + 1
                let window = Array(held.tokens[index * count..<(index + 1) * count])
                #expect(try window == corpus.bytes(at: start, count: count).map(BatchSampler.token))
            }
        }
    }

    @Test("a network has at least 2^16 legal starts")
    func minimum() throws {
        struct Text: Corpus {
            let length: UInt64
            func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(CorpusError) {}
        }
        #expect(try BatchSampler(corpus: Text(length: 66_600), contextLength: 24, batchSize: 1).split.legalStarts == 65_536)
        #expect(throws: CorpusError.tooShort(length: 66_599, contextLength: 24, legalStarts: 65_535, minimum: 65_536)) {
            try BatchSampler(corpus: Text(length: 66_599), contextLength: 24, batchSize: 1)
        }
        for length in [UInt64(0), 1, 24, 25, 49, 50, 65_536] {
            #expect(throws: CorpusError.self) { try BatchSampler(corpus: Text(length: length), contextLength: 24, batchSize: 1) }
        }
        for (context, batch) in [(0, 1), (-1, 1), (65_537, 1), (1, 0), (1, -5), (1, 65_537)] {
            #expect(throws: CorpusError.invalidWindow(contextLength: context, batchSize: batch)) {
                try BatchSampler(corpus: SyntheticCorpus.regtest, contextLength: context, batchSize: batch)
            }
        }
    }

    @Test("bytes 2 and 3 are BOS and EOS")
    func tokens() {
        #expect((UInt8(0)...255).map(BatchSampler.token).enumerated().allSatisfy { index, token in
            Int(token) == (index == 2 ? 256 : index == 3 ? 257 : index)
        })
    }
}
