import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

@testable import FlowConsensus

@Suite struct TransactionProofTests {
    private func block(_ count: Int) -> Block {
        let transactions = (0..<count).map { number in
            Transaction(
                inputs: [TransactionInput(outPoint: OutPoint(txid: Keccak256.hash([UInt8(number)]), index: 0))],
                outputs: [TransactionOutput(value: Amount(haruki: 1), program: LockProgram(version: 0, bytes: [UInt8](repeating: UInt8(number), count: 20)))])
        }
        var header = ChainParameters.regtest.genesisBlock.header
        header.merkleRoot = BlockMerkle.root(transactions)
        return Block(header: header, stepDigests: [], transactions: transactions)
    }

    @Test(arguments: [1, 2, 3, 5, 8, 13])
    func showsWhatIsThere(count: Int) throws {
        let block = block(count)
        let ids = block.transactions.map(\.txid)
        for wanted in [Set([ids[0]]), Set([ids[count - 1]]), Set(ids)] {
            let proof = try #require(TransactionProof(of: wanted, in: block))
            #expect(proof.isValid && Set(proof.entries.map(\.txid)) == wanted)
            #expect(try TransactionProof(decoding: proof.encoded) == proof)
        }
        #expect(TransactionProof(of: [.zero], in: block) == nil && TransactionProof(of: [.zero, ids[0]], in: block) == nil)
        #expect(try #require(TransactionProof(of: [], in: block)).isValid == false)
    }

    /// No changed bit of what is hashed leaves a proof valid, and no bytes trap.
    @Test func refusesWhatIsNotThere() throws {
        let block = block(7)
        let bytes = try #require(TransactionProof(of: [block.transactions[4].txid], in: block)).encoded
        let header = block.header.encoded.count
        for index in header..<bytes.count {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                // The number of transactions is the proof's own word; a way that ends in the root shows its leaf whatever it says.
                if let proof = try? TransactionProof(decoding: changed), proof.isValid { #expect(proof.entries.map(\.txid) == [block.transactions[4].txid]) }
            }
        }
        for length in 0..<bytes.count { #expect(throws: (any Error).self) { try TransactionProof(decoding: Array(bytes.prefix(length))) } }
    }
}
