import FlowGGUF
@testable import FlowModel
import Foundation
import TestSupport
import Testing

/// Vocabularies that do not fit together are refused; no text makes the others trap or take quadratic time.
struct TokenizerHostileTests {
    /// The printable ASCII characters, two letters joined, a control and a user-defined token.
    private static let texts = (UInt8(0x21)...0x7E).map { String(Unicode.Scalar($0)) } + ["Ġ", "ab", "abc", "<eos>", "<tool>"]
    private static var kinds: [Int32] { texts.map { $0 == "<eos>" ? 3 : $0 == "<tool>" ? 4 : 1 } }

    private func bytePairs(_ changes: [(String, GGUFValue)] = []) -> GGUFMetadata {
        var metadata = GGUFMetadata()
        metadata.set("tokenizer.ggml.model", .string("gpt2"))
        metadata.set("tokenizer.ggml.pre", .string("gpt-2"))
        metadata.set("tokenizer.ggml.tokens", .strings(Self.texts))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(Self.kinds)))
        metadata.set("tokenizer.ggml.merges", .strings(["a b", "ab c"]))
        metadata.set("tokenizer.ggml.eos_token_id", .uint32(UInt32(Self.texts.count - 2)))
        for (key, value) in changes { metadata.set(key, value) }
        return metadata
    }

    private func sentencePieces(_ changes: [(String, GGUFValue)] = []) -> GGUFMetadata {
        let texts = ["<unk>", "<s>", "</s>", "a", "b", "ab", "\u{2581}", "\u{2581}a"]
        var metadata = GGUFMetadata()
        metadata.set("tokenizer.ggml.model", .string("llama"))
        metadata.set("tokenizer.ggml.tokens", .strings(texts))
        metadata.set("tokenizer.ggml.token_type", .array(.int32([2, 3, 3, 1, 1, 1, 1, 1])))
        metadata.set("tokenizer.ggml.scores", .array(.float32([0, 0, 0, -3, -4, -1, -2, -1])))
        metadata.set("tokenizer.ggml.unknown_token_id", .uint32(0))
        for (key, value) in changes { metadata.set(key, value) }
        return metadata
    }

    @Test func soundOnesPass() throws {
        let pairs = try Tokenizer(metadata: bytePairs())
        let abc = try #require(Self.texts.firstIndex(of: "abc"))
        #expect(pairs.encode("abcab") == [abc, abc - 1])
        #expect(pairs.encode("<tool>a") == [Self.texts.count - 1, 64])
        #expect(pairs.encode("<eos>", specials: true) == [Self.texts.count - 2])
        #expect(pairs.encode("<eos>").count == 5)
        #expect(pairs.encode("a", endsText: true) == [64, Self.texts.count - 2])
        #expect(pairs.decode(pairs.encode("a <eos>", specials: true)) == "a ")
        #expect(pairs.decode(pairs.encode("a <eos>", specials: true), specials: true) == "a <eos>")
        #expect(pairs.encode("a\nb") == [64, 65], "a byte without a token is left out")

        let pieces = try Tokenizer(metadata: sentencePieces())
        // Of equal scores the leftmost pair is joined first.
        #expect(pieces.encode("ab a") == [1, 7, 4, 7])
        #expect(pieces.encode("a<s>a", beginsText: false, specials: true) == [7, 1, 7])
        #expect(pieces.encode("é", beginsText: false) == [6, 0, 0])
        #expect(pieces.decode(pieces.encode("ab a")) == "ab a")
        #expect(pieces.beginOfText == 1 && pieces.endOfText == 2 && pieces.endTokens == [2])
        let bare = try Tokenizer(metadata: sentencePieces([("tokenizer.ggml.add_space_prefix", .bool(false))]))
        #expect(bare.encode("ab", beginsText: false) == [5])
    }

    @Test(arguments: [
        ("tokenizer.ggml.merges", .strings(["a b", "x y"])), ("tokenizer.ggml.merges", .strings(["a \u{100}"])),
        ("tokenizer.ggml.merges", .strings(["ab"])), ("tokenizer.ggml.merges", .strings([""])),
        ("tokenizer.ggml.merges", .strings([" "])), ("tokenizer.ggml.merges", .strings(["a "])),
        ("tokenizer.ggml.merges", .strings(["<eos >"])), ("tokenizer.ggml.merges", .uint8(1)),
        ("tokenizer.ggml.tokens", .strings(texts.dropFirst() + ["!!"])),
        ("tokenizer.ggml.tokens", .strings(texts.dropLast() + ["a"])), ("tokenizer.ggml.tokens", .strings([String]())),
        ("tokenizer.ggml.tokens", .strings(texts.dropLast() + [String(repeating: "x", count: 257)])),
        ("tokenizer.ggml.token_type", .array(.int32([1]))), ("tokenizer.ggml.token_type", .strings(["1"])),
        ("tokenizer.ggml.eos_token_id", .uint32(99_999)), ("tokenizer.ggml.bos_token_id", .int32(-1)),
        ("tokenizer.ggml.eot_token_id", .string("x")), ("tokenizer.ggml.add_bos_token", .uint8(1)),
        ("tokenizer.ggml.pre", .string("nobody's")), ("tokenizer.ggml.pre", .uint8(1)),
        ("tokenizer.ggml.model", .string("t5")),
    ] as [(String, GGUFValue)])
    func impossibleBytePairsAreNamed(_ key: String, _ value: GGUFValue) { refuse(bytePairs([(key, value)]), key) }

    @Test(arguments: [
        ("tokenizer.ggml.scores", .array(.float32([0]))), ("tokenizer.ggml.scores", .uint8(0)),
        ("tokenizer.ggml.scores", .array(.float32([0, 0, 0, .nan, 0, 0, 0, 0]))),
        ("tokenizer.ggml.unknown_token_id", .string("none")), ("tokenizer.ggml.unknown_token_id", .uint32(8)),
        ("tokenizer.ggml.add_space_prefix", .uint8(1)),
    ] as [(String, GGUFValue)])
    func impossibleSentencePiecesAreNamed(_ key: String, _ value: GGUFValue) {
        // Without an unknown token the missing byte tokens are at fault.
        refuse(sentencePieces([(key, value)]), key == "tokenizer.ggml.unknown_token_id" ? "tokenizer.ggml.tokens" : key)
    }

    private func refuse(_ metadata: GGUFMetadata, _ key: String) {
        do throws(GGUFError) {
            _ = try Tokenizer(metadata: metadata)
            Issue.record("\(key) passed")
        } catch {
            guard case .unexpectedValue(key, let expected, let actual, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(!expected.isEmpty && !actual.isEmpty)
        }
    }

    @Test func anUnknownPreTokenizerIsNamed() {
        do throws(GGUFError) {
            _ = try Tokenizer(metadata: bytePairs([("tokenizer.ggml.pre", .string("nobody's"))]))
            Issue.record("passed")
        } catch {
            #expect("\(error)".contains("nobody's") && "\(error)".contains("smollm"))
        }
    }

    @Test func longTextsAreNoTrouble() throws {
        let vector = try Vectors.json("llama_cpp/tokens-smollm2.json", as: TokenizerVector.self)
        let path = Vectors.root.appendingPathComponent("gguf/ggml-vocab-llama-spm.gguf").path
        let tokenizers = [try Tokenizer(metadata: vector.metadata()), try Tokenizer(GGUFFile(mapping: path))]
        var generator = SeededGenerator(seed: 11)
        let bytes = (0..<1_000_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let texts = [
            String(repeating: "a", count: 1_000_000), String(repeating: " ", count: 1_000_000),
            String(repeating: "<", count: 1_000_000), String(decoding: bytes, as: UTF8.self),
        ]
        for tokenizer in tokenizers {
            for text in texts {
                let tokens = tokenizer.encode(text, beginsText: false, specials: true)
                #expect(tokens.allSatisfy { $0 >= 0 && $0 < tokenizer.count })
                // The smaller vocabulary lacks a few bytes.
                if tokenizer.addsBeginOfText || !text.utf8.contains(0xEF) {
                    #expect(tokenizer.decode(tokens, specials: true).utf8.elementsEqual(text.utf8))
                }
            }
        }
    }

    @Test(arguments: UInt64(1)...40)
    func randomVocabulariesNeverTrap(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet: [String] = ["a", "b", "Ġ", "Ċ", "\u{2581}", "é", "<0x41>", "<s>", "\u{0}", "", " "]
        func word(_ longest: Int) -> String {
            (0..<Int.random(in: 0...longest, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "" }
                .joined()
        }
        for model in ["gpt2", "llama"] {
            var seen = Set<[UInt8]>()
            let words = (Self.texts + (0..<60).map { _ in word(4) }).filter { seen.insert(Array($0.utf8)).inserted }
            var metadata = GGUFMetadata()
            metadata.set("tokenizer.ggml.model", .string(model))
            metadata.set("tokenizer.ggml.pre", .string(Tokenizer.preTokenizers.randomElement(using: &generator) ?? ""))
            metadata.set("tokenizer.ggml.tokens", .strings(words))
            metadata.set("tokenizer.ggml.token_type", .array(.int32(words.map { $0.count == 1 ? 1 : Int32.random(in: -1...7, using: &generator) })))
            metadata.set("tokenizer.ggml.scores", .array(.float32(words.map { _ in Float(Int.random(in: -9...9, using: &generator)) })))
            metadata.set("tokenizer.ggml.unknown_token_id", .uint32(0))
            let pairs = (0..<40).map { _ in "\(words.randomElement(using: &generator) ?? "") \(words.randomElement(using: &generator) ?? "")" }
            metadata.set("tokenizer.ggml.merges", .strings(seed % 2 == 0 ? pairs : []))
            guard let tokenizer = try? Tokenizer(metadata: metadata) else { continue }
            for _ in 0..<20 {
                let text = word(12)
                let tokens = tokenizer.encode(text, beginsText: Bool.random(using: &generator), specials: Bool.random(using: &generator))
                #expect(tokens.allSatisfy { $0 >= 0 && $0 < words.count }, "seed \(seed)")
                _ = tokenizer.decode(tokens, specials: true)
            }
        }
    }
}
