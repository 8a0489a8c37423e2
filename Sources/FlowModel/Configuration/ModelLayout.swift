import FlowTraining

/// Element offsets of every tensor in the state, in the canonical order of Model.md.
struct ModelLayout: Sendable, Equatable {
    struct Layer: Sendable, Equatable {
        var attentionNorm = 0
        var query = 0
        var key = 0
        var value = 0
        var queryNorm = 0
        var keyNorm = 0
        var attentionOutput = 0
        var expertNorm = 0
        var router = 0
        var gate = 0
        var up = 0
        var down = 0
    }

    var tokenEmbedding = 0
    var layers: [Layer] = []
    var outputNorm = 0
    var output = 0
    var count = 0

    /// The layout together with its descriptors; the caller has checked that the sizes do not overflow.
    static func make(_ shape: ModelShape, vocabulary: Int) -> (layout: ModelLayout, tensors: [TensorDescriptor]) {
        let (d, head) = (Int(shape.embeddingLength), Int(shape.headLength))
        let (layerCount, experts, width) = (Int(shape.layerCount), Int(shape.expertCount), Int(shape.expertWidth))
        var layout = ModelLayout()
        var tensors: [TensorDescriptor] = []
        func add(
            _ name: String, _ role: TensorDescriptor.Role, _ layer: Int?, _ shape: [Int], divisor: Int?
        ) -> Int {
            let descriptor = TensorDescriptor(
                name: name + ".weight", role: role, layer: layer, shape: shape, offset: layout.count,
                initialDivisor: divisor)
            tensors.append(descriptor)
            layout.count += descriptor.count
            return descriptor.offset
        }
        layout.tokenEmbedding = add("token_embd", .tokenEmbedding, nil, [vocabulary, d], divisor: d)
        for n in 0..<layerCount {
            var layer = Layer()
            func addLayer(_ name: String, _ role: TensorDescriptor.Role, _ shape: [Int], divisor: Int?) -> Int {
                add("blk.\(n).\(name)", role, n, shape, divisor: divisor)
            }
            layer.attentionNorm = addLayer("attn_norm", .attentionNorm, [d], divisor: nil)
            layer.query = addLayer("attn_q", .query, [d, d], divisor: d)
            layer.key = addLayer("attn_k", .key, [d, d], divisor: d)
            layer.value = addLayer("attn_v", .value, [d, d], divisor: d)
            layer.queryNorm = addLayer("attn_q_norm", .queryNorm, [head], divisor: nil)
            layer.keyNorm = addLayer("attn_k_norm", .keyNorm, [head], divisor: nil)
            layer.attentionOutput = addLayer(
                "attn_output", .attentionOutput, [d, d], divisor: 2 * layerCount * d)
            layer.expertNorm = addLayer("ffn_norm", .expertNorm, [d], divisor: nil)
            layer.router = addLayer("ffn_gate_inp", .router, [experts, d], divisor: 64 * d)
            layer.gate = addLayer("ffn_gate_exps", .gate, [experts, width, d], divisor: d)
            layer.up = addLayer("ffn_up_exps", .up, [experts, width, d], divisor: d)
            layer.down = addLayer(
                "ffn_down_exps", .down, [experts, d, width], divisor: 2 * layerCount * width)
            layout.layers.append(layer)
        }
        layout.outputNorm = add("output_norm", .outputNorm, nil, [d], divisor: nil)
        layout.output = add("output", .output, nil, [vocabulary, d], divisor: 64 * d)
        return (layout, tensors)
    }
}
