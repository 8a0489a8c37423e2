import FlowCrypto
import FlowEncoding
import FlowTraining
import Foundation
import TestSupport
import Testing

@Suite struct DigestChainTests {
    struct Vector: Decodable {
        struct Step: Decodable { let digest, delta: String }
        let workSeed, modelRoot: String
        let steps: [Step]
    }

    static func hash(_ hex: String) throws -> Hash256 { try #require(Hash256(bytes: Hex.decode(hex))) }

    /// The links of whole trajectories, from the reference in Python.
    @Test(arguments: ["extreme", "flat", "odd", "single", "tiny", "wide", "zero"])
    func linksEqualTheVector(name: String) throws {
        let vector = try Vectors.json("flow/trajectory-\(name).json", as: Vector.self)
        let (root, seed) = (try Self.hash(vector.modelRoot), try Self.hash(vector.workSeed))
        var chain = DigestChain(modelRoot: root, workSeed: seed)
        #expect(!vector.steps.isEmpty)
        for step in vector.steps {
            chain.append(try Self.hash(step.digest))
            #expect(chain.current.hex == step.delta)
        }
        let digests = try vector.steps.map { try Self.hash($0.digest) }
        #expect(DigestChain.end(modelRoot: root, workSeed: seed, stepDigests: digests) == chain.current)
    }

    /// Another root, seed, digest, order or length ends elsewhere.
    @Test func everythingShowsInTheEnd() {
        let (a, b, c) = (Keccak256.hash([1]), Keccak256.hash([2]), Keccak256.hash([3]))
        let ends = [
            DigestChain.end(modelRoot: a, workSeed: b, stepDigests: [c, a]), DigestChain.end(modelRoot: b, workSeed: a, stepDigests: [c, a]),
            DigestChain.end(modelRoot: a, workSeed: b, stepDigests: [a, c]), DigestChain.end(modelRoot: a, workSeed: b, stepDigests: [c]),
            DigestChain.end(modelRoot: a, workSeed: b, stepDigests: []), DigestChain.end(modelRoot: a, workSeed: b, stepDigests: [c, a, a]),
        ]
        #expect(Set(ends).count == ends.count)
    }
}
