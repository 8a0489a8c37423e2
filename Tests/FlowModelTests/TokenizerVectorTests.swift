import FlowGGUF
@testable import FlowModel
import Foundation
import TestSupport
import Testing

/// llama.cpp's tokens of texts in real vocabularies; see `Tests/Vectors/llama_cpp/SOURCE.txt`.
struct TokenizerVector: Decodable {
    struct Case: Decodable {
        let text: String
        let plain: [Int]
        let special: [Int]?
        let lossy: Bool?
    }
    /// Id, text and kind of a token that can occur in the texts.
    struct Token: Decodable {
        let id: Int
        let text: String
        let kind: Int32
        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            id = try list.decode(Int.self)
            text = try list.decode(String.self)
            kind = try list.decode(Int32.self)
        }
    }
    enum Value: Decodable {
        case flag(Bool), number(UInt32)
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) { self = .flag(flag) } else {
                self = .number(try container.decode(UInt32.self))
            }
        }
    }
    let cases: [Case]
    let pre: String?
    let size: Int?
    let keys: [String: Value]?
    let tokens: [Token]?
    let merges: [String]?

    /// The metadata of the vocabulary: texts that cannot occur stand for the tokens that were left out.
    func metadata() throws -> GGUFMetadata {
        var texts = (0..<(size ?? 0)).map { "left out \($0)" }
        var kinds = [Int32](repeating: 5, count: texts.count)
        for token in tokens ?? [] {
            texts[token.id] = token.text
            kinds[token.id] = token.kind
        }
        var metadata = GGUFMetadata()
        metadata.set("tokenizer.ggml.model", .string("gpt2"))
        if let pre { metadata.set("tokenizer.ggml.pre", .string(pre)) }
        metadata.set("tokenizer.ggml.tokens", .strings(texts))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(kinds)))
        metadata.set("tokenizer.ggml.merges", .strings(merges ?? []))
        for (key, value) in keys ?? [:] {
            switch value {
            case .flag(let flag): metadata.set(key, .bool(flag))
            case .number(let number): metadata.set(key, .uint32(number))
            }
        }
        return metadata
    }
}

struct TokenizerVectorTests {
    @Test(arguments: ["smollm2", "gpt-2", "gpt-neox", "llama-bpe", "qwen2", "qwen35", "refact", "falcon"])
    func bytePairsEqualLlamaCpps(_ name: String) throws {
        let vector = try Vectors.json("llama_cpp/tokens-\(name).json", as: TokenizerVector.self)
        #expect(vector.cases.count >= 120)
        try check(vector.cases, Tokenizer(metadata: vector.metadata()))
    }

    @Test func sentencePiecesEqualLlamaCpps() throws {
        let path = Vectors.root.appendingPathComponent("gguf/ggml-vocab-llama-spm.gguf").path
        let tokenizer = try Tokenizer(GGUFFile(mapping: path))
        #expect(tokenizer.addsBeginOfText && tokenizer.beginOfText == 1 && tokenizer.endTokens == [2])
        let vector = try Vectors.json("llama_cpp/tokens-llama-spm.json", as: TokenizerVector.self)
        try check(vector.cases, tokenizer)
        for value in vector.cases where !value.text.contains("\u{2581}") {
            #expect(tokenizer.decode(value.plain, specials: true) == value.text)
        }

        // llama.cpp's own list of texts and ids.
        let texts = try Vectors.text("gguf/ggml-vocab-llama-spm.gguf.inp").components(
            separatedBy: "\n__ggml_vocab_test__\n"
        ).dropLast()
        let ids = try Vectors.text("gguf/ggml-vocab-llama-spm.gguf.out").split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.split(separator: " ").compactMap { Int($0) } }
        #expect(texts.count == 46 && ids.count >= 46)
        for (text, expected) in zip(texts, ids) {
            #expect(tokenizer.encode(text, beginsText: false) == expected, "\(text.debugDescription)")
        }
    }

    @Test func otherKindsAreRefused() throws {
        let path = Vectors.root.appendingPathComponent("gguf/ggml-vocab-bert-bge.gguf").path
        let file = try GGUFFile(mapping: path)
        do throws(GGUFError) {
            _ = try Tokenizer(file)
            Issue.record("a WordPiece vocabulary passed")
        } catch {
            guard case .unexpectedValue("tokenizer.ggml.model", _, "the string 'bert'", _) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    private func check(_ cases: [TokenizerVector.Case], _ tokenizer: Tokenizer) {
        for value in cases {
            #expect(tokenizer.encode(value.text, beginsText: false) == value.plain, "\(value.text.debugDescription)")
            let special = tokenizer.encode(value.text, beginsText: false, specials: true)
            #expect(special == value.special ?? value.plain, "\(value.text.debugDescription) with control tokens")
            if value.lossy != true {
                let bytes = value.plain.flatMap { tokenizer.decode($0, specials: true) }
                #expect(bytes == Array(value.text.utf8), "\(value.text.debugDescription)")
            }
        }
    }
}
