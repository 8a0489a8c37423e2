import FlowCrypto
import FlowModel
import FlowTensor
import Testing

@Suite struct MomentumDigestTrainingTests {
    /// Training.md's words, one bit at a time.
    static func plain(_ elements: [Float]) -> Hash256 {
        let leaves = stride(from: 0, to: elements.count, by: 131_072).map { first in
            let run = elements[first..<min(first + 131_072, elements.count)]
            let bytes = (run.count + 7) / 8
            var planes = [UInt8](repeating: 0, count: 3 * bytes)
            for (j, m) in run.enumerated() {
                let bit = UInt8(1) << UInt8(j % 8)
                if m > 0 { planes[j / 8] |= bit }
                if m < 0 { planes[bytes + j / 8] |= bit }
                if m.bitPattern & 1 == 1 { planes[2 * bytes + j / 8] |= bit }
            }
            return BulkMerkleTree.leafHash(planes)
        }
        return BulkMerkleTree.root(leaves: leaves)
    }

    @Test func digestFollowsTheSpecification() throws {
        let c = try ModelFixture.regtest()
        let momentum = ModelState(zeros: c)
        momentum.withUnsafeMutableElements { elements in
            for index in elements.indices {
                let word = Philox.block(counter: (UInt32(index), 0, 0, 0), key: (5, 6)).0
                // Zeros of both signs, subnormals and ordinary numbers.
                elements[index] = word % 7 == 0 ? (word % 2 == 0 ? 0 : -0.0) : Float(bitPattern: word & 0xBFFF_FFFF)
            }
        }
        #expect(MomentumDigest.digest(momentum) == Self.plain(momentum.withUnsafeElements { Array($0) }))
        #expect(MomentumDigest.digest(ModelState(zeros: c)) == Self.plain(Array(repeating: 0, count: c.parameterCount)))
    }

    /// Leaves across layers, matrices that share bytes, experts without a token, in models with leaves within one layer.
    @Test func theDigestOfAStepIsThatOfItsMomentum() throws {
        for (layers, experts, width) in [(UInt32(3), UInt32(40), UInt32(1_001)), (2, 7, 6_003), (1, 200, 301), (1, 40_000, 1)] {
            let c = try ModelConfiguration(
                ModelShape(
                    embeddingLength: 12, layerCount: layers, headCount: 3, expertCount: experts, expertWidth: width, contextLength: 8,
                    batchSize: 1))
            let job = try ModelFixture.job(c, steps: 5)
            // Bits are kept of all layers, of the first of three alone, and of none.
            for (threads, room) in [(1, 64 << 20), (3, 1_200_000), (2, 0)] {
                let trainer = Trainer(configuration: c, backend: SIMDBackend(), pool: ThreadPool(threads: threads))
                trainer.digestRoom = room
                let weights = job.parent.copy(), momentum = ModelState(initialising: c, seed: 3)
                for step in 1...5 {
                    // Between digests somebody else may change the momentum: before step 3 another step, before step 4 a number of an expert.
                    if step == 3 {
                        let between = try job.sampler.batch(workSeed: job.workSeed, step: 9)
                        _ = try trainer.step(weights: weights, momentum: momentum, batch: between, learningRateUnits: 1_024)
                    }
                    if step == 4 { momentum[c.parameterCount / 2] = -momentum[c.parameterCount / 2] }
                    let batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(step))
                    let (report, digest) = try trainer.digestedStep(
                        weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
                    #expect(digest == MomentumDigest.digest(momentum), "\(experts) × \(width), step \(step), room \(room)")
                    if experts > 16 { #expect(report.expertCounts.allSatisfy { $0.contains(0) }) }
                }
            }
        }
    }

    @Test func oneLowestBitOrOneSignChangesTheDigest() throws {
        let c = try ModelFixture.odd()
        let momentum = ModelState(initialising: c, seed: 9)
        let digest = MomentumDigest.digest(momentum)
        for index in [0, 1, c.parameterCount / 2, c.parameterCount - 1] {
            let old = momentum[index]
            momentum[index] = Float(bitPattern: old.bitPattern ^ 1)
            #expect(MomentumDigest.digest(momentum) != digest)
            momentum[index] = -old
            #expect(MomentumDigest.digest(momentum) != digest)
            momentum[index] = old
            #expect(MomentumDigest.digest(momentum) == digest)
        }
    }
}
