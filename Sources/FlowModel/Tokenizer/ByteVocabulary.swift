import FlowGGUF

/// The chain's vocabulary: token b is the byte b, 256 begins a text, 257 ends it.
enum ByteVocabulary {
    static let beginOfText = 256
    static let endOfText = 257
    static let count = 258

    /// The tokenizer's part of an exported file: a `gpt2` tokenizer without merges.
    static var metadata: [(key: String, value: GGUFValue)] {
        let tokens = ByteUnicode.scalars.map { String($0) } + ["<bos>", "<eos>"]
        let types = [Int32](repeating: 1, count: 256) + [3, 3]
        return [
            (GGUFKey.tokenizerModel, .string("gpt2")),
            ("tokenizer.ggml.pre", .string("qwen2")),
            (GGUFKey.tokens, .strings(tokens)),
            (GGUFKey.tokenTypes, .array(.int32(types))),
            (GGUFKey.merges, .array(.string(GGUFStrings()))),
            ("tokenizer.ggml.bos_token_id", .uint32(UInt32(beginOfText))),
            ("tokenizer.ggml.eos_token_id", .uint32(UInt32(endOfText))),
            ("tokenizer.ggml.add_bos_token", .bool(true)),
            ("tokenizer.ggml.add_eos_token", .bool(false)),
            ("tokenizer.chat_template", .string(ChatTemplate.questionAndAnswerSource)),
        ]
    }
}
