import FlowGGUF
@testable import FlowModel
import TestSupport

/// Small `llama` files with random weights: the chain's vocabulary, grouped heads, an output that is the embedding
/// (dense) or its own (experts), and divisors of the rotary frequencies (dense).
enum RandomLlama {
    /// Names and numbers of experts of the files that are compared with llama.cpp's logits.
    static let kinds: [(name: String, experts: Int)] = [("llama-dense", 0), ("llama-experts", 8)]

    /// - Parameters:
    ///   - heads: of queries; a file with another number than 4 is no model that llama.cpp was compared with.
    ///   - groups: heads of keys and values.
    static func bytes(experts: Int, seed: UInt64, heads: Int = 4, groups: Int = 2) throws -> [UInt8] {
        let (d, width, length) = (64, 96, 64 / heads)
        var header = GGUFHeader()
        let values: [(String, GGUFValue)] = [
            ("general.architecture", .string("llama")), ("llama.block_count", .uint32(2)),
            ("llama.context_length", .uint32(256)), ("llama.embedding_length", .uint32(UInt32(d))),
            ("llama.feed_forward_length", .uint32(UInt32(width))), ("llama.attention.head_count", .uint32(UInt32(heads))),
            ("llama.attention.head_count_kv", .uint32(UInt32(groups))), ("llama.rope.dimension_count", .uint32(UInt32(length))),
            ("llama.rope.freq_base", .float32(50_000)), ("llama.attention.layer_norm_rms_epsilon", .float32(1e-5)),
        ]
        let expertValues: [(String, GGUFValue)] = [
            ("llama.expert_count", .uint32(UInt32(experts))), ("llama.expert_used_count", .uint32(2)),
        ]
        for (key, value) in values + (experts > 0 ? expertValues : []) + ByteVocabulary.metadata {
            try header.set(key, value)
        }
        var tensors: [(String, [Int])] = [("token_embd", [d, ByteVocabulary.count]), ("output_norm", [d])]
        tensors.append(experts > 0 ? ("output", [d, ByteVocabulary.count]) : ("rope_freqs", [length / 2]))
        for layer in 0..<2 {
            let (keys, stack) = (groups * length, experts > 0 ? [experts] : [])
            let kind = experts > 0 ? "_exps" : ""
            tensors += [
                ("attn_norm", [d]), ("attn_q", [d, heads * length]), ("attn_k", [d, keys]), ("attn_v", [d, keys]), ("attn_output", [heads * length, d]),
                ("ffn_norm", [d]), ("ffn_gate\(kind)", [d, width] + stack), ("ffn_up\(kind)", [d, width] + stack),
                ("ffn_down\(kind)", [width, d] + stack),
            ].map { ("blk.\(layer).\($0.0)", $0.1) }
            if experts > 0 { tensors.append(("blk.\(layer).ffn_gate_inp", [d, experts])) }
        }
        for (name, shape) in tensors { try header.addTensor(name + ".weight", dimensions: shape, type: .f32) }
        var writer = try GGUFWriter(header: header, sink: GGUFMemorySink())
        var generator = SeededGenerator(seed: seed)
        for (name, shape) in tensors {
            let range = shape.count == 1 ? 0.25 : (3 / Double(shape[0])).squareRoot()
            try writer.append(
                floats: (0..<shape.reduce(1, *)).map { index in
                    let uniform = Double(generator.next() >> 11) * 0x1p-52 - 1
                    if name == "rope_freqs" { return Float(1 + index) }
                    return Float((shape.count == 1 ? 1 : 0) + uniform * range)
                })
        }
        try writer.finish()
        return writer.sink.bytes
    }

    static func file(experts: Int, seed: UInt64) throws -> GGUFFile {
        try GGUFFile(bytes: bytes(experts: experts, seed: seed))
    }
}
