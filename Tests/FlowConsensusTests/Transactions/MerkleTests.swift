import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@Suite struct MerkleTests {
    struct File: Decodable {
        struct Root: Decodable { let n: Int; let root: String }
        struct Family: Decodable { let n: Int; let mutated_leaf_index_lists_same_root: [[Int]] }
        let roots: [Root]
        let duplication_CVE_2012_2459: [Family]
    }

    private static func leaves(_ indices: some Sequence<Int>) -> [Hash256] {
        indices.map { Keccak256.doubleHash(Array("leaf-\($0)".utf8)) }
    }

    /// Where no node is alone, our shape is Bitcoin's; with Bitcoin's hash of inner nodes the roots are equal.
    @Test func shapeOfFullTrees() throws {
        let file = try Vectors.json("bitcoin/merkle/merkle_keccak.json", as: File.self)
        var compared = 0
        for test in file.roots where test.n == 0 || test.n & (test.n - 1) == 0 {
            let root = Merkle.root(Self.leaves(0..<test.n)) { Keccak256.doubleHash($0.bytes + $1.bytes) }
            #expect(Hex.encode(root.bytes) == test.root, "\(test.n)")
            compared += 1
        }
        #expect(compared == 11)
    }

    /// Lists that share a root in Bitcoin (CVE-2012-2459) have roots of their own here.
    @Test func repeatedLeavesChangeTheRoot() throws {
        let file = try Vectors.json("bitcoin/merkle/merkle_keccak.json", as: File.self)
        #expect(!file.duplication_CVE_2012_2459.isEmpty)
        for family in file.duplication_CVE_2012_2459 {
            let original = BlockMerkle.root(leaves: Self.leaves(0..<family.n))
            for list in family.mutated_leaf_index_lists_same_root {
                #expect(BlockMerkle.root(leaves: Self.leaves(list)) != original, "\(family.n) \(list)")
            }
        }
    }

    /// A block whose transactions are repeated at the end, as in that attack, has a wrong root.
    @Test func repeatedTransactionsAreRejected() {
        let chain = TestChain.mature
        let block = chain.makeBlock([chain.spend(coinbaseAt: 1), chain.spend(coinbaseAt: 2)])
        var mutated = block
        mutated.transactions.append(block.transactions[2])
        #expect(chain.broken(block) == nil)
        #expect(chain.broken(mutated) == "bad-merkle-root")
        var swapped = block
        swapped.transactions.swapAt(1, 2)
        #expect(chain.broken(swapped) == "bad-merkle-root")
    }

    @Test func leavesAndInnerNodesAreApart() {
        let left = Keccak256.hash([1])
        let right = Keccak256.hash([2])
        #expect(BlockMerkle.leaf(txid: left, witnessHash: right) != BlockMerkle.inner(left, right))
        #expect(BlockMerkle.root(leaves: []) == .zero)
        #expect(BlockMerkle.root(leaves: [left]) == left)
        #expect(
            BlockMerkle.root(leaves: [left, right, left]) == BlockMerkle.inner(BlockMerkle.inner(left, right), left))
    }
}
