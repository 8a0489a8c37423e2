@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

/// BIP-54's transactions and coinbases: Bitcoin's encoding, so only sizes, lock times and sequences are taken from them.
@Suite struct Bip54TransactionTests {
    struct BitcoinTransaction {
        var strippedSize = 0
        var firstSequence: UInt32 = 0
        var lockTime: UInt32 = 0

        init(from reader: inout ByteReader) throws {
            let start = reader.offset
            _ = try reader.readUInt32()
            var witnessSize = 0
            var count = try reader.readCompactSize()
            let isSegwit = count == 0
            if isSegwit {
                _ = try reader.readUInt8()
                count = try reader.readCompactSize()
                witnessSize = 2
            }
            for index in 0..<count {
                _ = try reader.readBytes(36)
                _ = try reader.readVarBytes(limit: 10_000)
                let sequence = try reader.readUInt32()
                if index == 0 { firstSequence = sequence }
            }
            for _ in 0..<(try reader.readCompactSize()) {
                _ = try reader.readUInt64()
                _ = try reader.readVarBytes(limit: 10_000)
            }
            if isSegwit {
                let before = reader.offset
                for _ in 0..<count {
                    for _ in 0..<(try reader.readCompactSize()) { _ = try reader.readVarBytes(limit: 10_000) }
                }
                witnessSize += reader.offset - before
            }
            lockTime = try reader.readUInt32()
            strippedSize = reader.offset - start - witnessSize
        }
    }

    struct SizeCase: Decodable {
        let comment: String
        let tx: String
        let valid: Bool
    }

    @Test func sizes() throws {
        let cases = try Vectors.json("bitcoin/bip54/txsize.json", as: [SizeCase].self)
        #expect(cases.count == 13)
        for test in cases {
            var reader = ByteReader(try Hex.decode(test.tx))
            let size = try BitcoinTransaction(from: &reader).strippedSize
            try reader.finish()
            #expect((size != ConsensusLimits.forbiddenStrippedSize) == test.valid, "\(test.comment)")
        }
    }

    struct CoinbaseCase: Decodable {
        let block_chain: [String]
        let comment: String
        let valid: Bool
    }

    /// Our chain, with the lock time and the sequence that BIP-54's blocks have.
    @Test func coinbases() throws {
        let cases = try Vectors.json("bitcoin/bip54/coinbases.json", as: [CoinbaseCase].self)
        #expect(cases.count == 7)
        for test in cases {
            var chain = TestChain()
            var broken: String?
            for text in test.block_chain.dropFirst() where broken == nil {
                var reader = ByteReader(try Hex.decode(text))
                _ = try reader.readBytes(80)
                #expect(try reader.readCompactSize() == 1)
                let theirs = try BitcoinTransaction(from: &reader)
                let block = chain.makeBlock { block in
                    block.transactions[0].lockTime = theirs.lockTime
                    block.transactions[0].inputs = [TransactionInput(outPoint: .null, sequence: theirs.firstSequence)]
                }
                broken = chain.broken(block)
                if broken == nil { try chain.accept(block) }
            }
            #expect((broken == nil) == test.valid, "\(test.comment)")
            if let broken { #expect(broken.hasPrefix("coinbase-"), "\(test.comment)") }
        }
    }
}
