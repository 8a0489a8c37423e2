import FlowCrypto
import FlowEncoding
@testable import FlowModel
import Foundation
import TestSupport
import Testing

@Suite("Embedded corpus")
struct CorpusSyntheticTests {
    struct Vector: Decodable {
        struct Piece: Decodable {
            let seed, piece, blake2b, begin, end: String
        }
        struct Root: Decodable {
            let length: UInt64
            let seed, bulkRoot, corpusRoot: String
        }
        let grammar: String
        let pieces: [Piece]
        let roots: [Root]
    }

    private func number(_ hex: String) throws -> UInt64 { try #require(UInt64(hex, radix: 16)) }

    @Test("the embedded grammar is the file of the specification")
    func grammar() throws {
        let file = try Vectors.data("flow/corpus-grammar.txt")
        #expect(Data(SyntheticGrammar.text.utf8) == file)
        let vector = try Vectors.json("flow/corpus-synthetic.json", as: Vector.self)
        #expect(BLAKE2b.hash256(Array(file)).hex == vector.grammar)
    }

    @Test("pieces equal the vector, at any place of an unlimited text")
    func pieces() throws {
        let vector = try Vectors.json("flow/corpus-synthetic.json", as: Vector.self)
        for expected in vector.pieces {
            let index = try number(expected.piece)
            // The last piece of 2^64 bytes and beyond cannot be addressed by a byte's offset.
            guard index < 1 << 48 else { continue }
            let corpus = SyntheticCorpus(length: .max, seed: try number(expected.seed))
            let piece = try corpus.piece(index)
            #expect(BLAKE2b.hash256(piece).hex == expected.blake2b)
            #expect(String(decoding: piece.prefix(64), as: UTF8.self) == expected.begin)
            #expect(String(decoding: piece.suffix(32), as: UTF8.self) == expected.end)
            #expect(piece.first == 2 && piece.last == 3)
        }
    }

    @Test("roots equal the vector")
    func roots() throws {
        for expected in try Vectors.json("flow/corpus-synthetic.json", as: Vector.self).roots {
            let tree = try SyntheticCorpus(length: expected.length, seed: number(expected.seed)).blockingTree()
            #expect(tree.root.hex == expected.corpusRoot)
            #expect(BulkMerkleTree.root(leaves: tree.leaves).hex == expected.bulkRoot)
        }
        let regtest = try #require(try Vectors.json("flow/corpus-synthetic.json", as: Vector.self).roots.first)
        #expect(SyntheticCorpus.regtest.length == regtest.length)
        #expect(SyntheticCorpus.regtest.seed == 0)
    }

    @Test("random access equals reading in order, with the cache full and empty")
    func access() throws {
        let length = 5 * 65_536 + 123
        let whole = try SyntheticCorpus(length: UInt64(length), seed: 3).bytes(at: 0, count: length)
        let corpus = SyntheticCorpus(length: UInt64(length), seed: 3)
        var random = SeededGenerator(seed: 17)
        for _ in 0..<300 {
            let offset = Int.random(in: 0...length, using: &random)
            let count = min(length - offset, Int.random(in: 0...70_000, using: &random))
            #expect(try corpus.bytes(at: UInt64(offset), count: count) == Array(whole[offset..<offset + count]))
        }
        #expect(try corpus.piece(5).count == 123)
        #expect(throws: CorpusError.outOfRange(offset: UInt64(length) - 1, count: 2, length: UInt64(length))) {
            try corpus.bytes(at: UInt64(length) - 1, count: 2)
        }
        #expect(throws: CorpusError.self) { try corpus.bytes(at: .max, count: 1) }
        // More pieces than the cache holds: the first comes back the same.
        let long = SyntheticCorpus(length: 600 << 16, seed: 3)
        let first = try long.piece(0)
        for index in 0..<600 { _ = try long.bytes(at: UInt64(index) << 16, count: 1) }
        #expect(try long.piece(0) == first)
    }

    @Test("documents are marked, plain ASCII, and their sums are right")
    func contents() throws {
        let corpus = SyntheticCorpus(length: 1 << 20, seed: 11)
        let bytes = try corpus.bytes(at: 0, count: 1 << 20)
        var sums = 0
        for document in bytes.split(separator: 3) {
            #expect(document.first == 2)
            #expect(document.dropFirst().allSatisfy { $0 == 10 || (0x20..<0x7F).contains($0) })
        }
        let lines = String(decoding: bytes.filter { $0 > 3 || $0 == 10 }, as: UTF8.self).split(separator: "\n")
        for (question, answer) in zip(lines, lines.dropFirst()) {
            let words = question.split(separator: " ")
            guard question.hasPrefix("Q: What is "), question.hasSuffix("?"), words.count == 6, answer.hasPrefix("A: "),
                let left = Int(words[3]), let right = Int(words[5].dropLast()), let result = Int(answer.dropFirst(3))
            else { continue }
            switch words[4] {
            case "+": #expect(left + right == result)
            case "-": #expect(left - right == result)
            case "*": #expect(left * right == result)
            case "/": #expect(left / right == result)
            default: Issue.record("\(question)")
            }
            sums += 1
        }
        #expect(sums > 3_500)
    }

    @Test("hashing reports progress, can be cancelled, and is the same from a task")
    func hashing() async throws {
        let corpus = SyntheticCorpus(length: 5 * 65_536 + 1, seed: 2)
        var seen: [UInt64] = []
        let tree = try corpus.blockingTree(progress: { seen.append($0.done) })
        #expect(seen == [65_536, 131_072, 196_608, 262_144, 327_680, 327_681])
        #expect(tree.leaves.count == 6)
        let proof = BulkMerkleTree.proof(leaves: tree.leaves, index: 5)
        #expect(
            BulkMerkleTree.verify(
                leaf: tree.leaves[5], index: 5, count: 6, proof: proof, root: BulkMerkleTree.root(leaves: tree.leaves)))
        #expect(throws: CorpusError.cancelled) { try corpus.blockingTree(isCancelled: { true }) }
        #expect(try await corpus.tree() == tree)

        let endless = SyntheticCorpus(length: 1 << 50, seed: 2)
        let task = Task { try await endless.tree() }
        task.cancel()
        await #expect(throws: CorpusError.cancelled) { try await task.value }
    }

    @Test("a grammar with a mistake names the line")
    func faults() {
        let cases: [(String, Int)] = [
            ("x", 1), ("%document\nno weight", 2), ("%document\n1: {nothing}", 2), ("%document\n1: {a", 2),
            ("%document\n1: \\x", 2), ("@t\na|b\nc\n%document\n1: x", 3), ("%other\n1: x", 0), ("%document\n1: {a@t}", 2),
            ("%document\n1: {a#5..2}", 2), ("%document\n1: {a:=b/c}", 2),
        ]
        for (text, line) in cases {
            do {
                _ = try SyntheticGrammar(text)
                Issue.record("compiled: \(text)")
            } catch {
                #expect(error.line == line, "\(text): \(error)")
            }
        }
    }
}
