import Benchmark
import Contest
import FlowCrypto

let benchmarks: @Sendable () -> Void = {
    let megabyte = [UInt8](repeating: 9, count: 1 << 20)
    let bulk = Contest("1 MiB hashed")
    bulk.add("Keccak-256") { { Keccak256.hash(megabyte) } }
    bulk.add("BLAKE2b-256 (libb2)") { { BLAKE2b.hash256(megabyte) } }
    bulk.add("BLAKE2b tree, as weights and digests (libb2)") { { BulkMerkleTree.root(of: megabyte) } }

    let header = [UInt8](repeating: 7, count: 160)
    let tickets = Contest("1,000 headers of 160 bytes")
    tickets.add("keccak256d, a ticket") { { (0..<1_000).reduce(0) { $0 &+ Int(Keccak256.doubleHash(header).bytes[0]) &+ $1 } } }

    let leaves = (0..<4_096).map { Keccak256.hash([UInt8($0 & 255), UInt8($0 >> 8)]) }
    let trees = Contest("4,096 leaves under a Merkle tree")
    trees.add("root") { { BulkMerkleTree.root(leaves: leaves) } }
    trees.add("proof of one leaf") { { BulkMerkleTree.proof(leaves: leaves, index: 77) } }
    trees.add("1,000 checks of a proof") {
        let proof = BulkMerkleTree.proof(leaves: leaves, index: 77), root = BulkMerkleTree.root(leaves: leaves)
        return {
            (0..<1_000).allSatisfy { _ in BulkMerkleTree.verify(leaf: leaves[77], index: 77, count: 4_096, proof: proof, root: root) }
        }
    }

    let key = Ed25519.PrivateKey.generate()
    let message = Keccak256.hash(header)
    let signatures = Contest("100 signatures, Ed25519")
    signatures.add("check") {
        let signature = key.sign(message)
        return { (0..<100).allSatisfy { _ in key.publicKey.isValid(signature: signature, for: message) } }
    }
    signatures.add("sign") { { (0..<100).map { _ in key.sign(message) } } }
}
