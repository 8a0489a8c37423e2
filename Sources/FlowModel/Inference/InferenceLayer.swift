internal import FlowGGUF

/// One layer's weights.
struct InferenceLayer {
    let index: Int
    let attentionNorm: UnsafePointer<Float>
    let query: WeightMatrix
    let key: WeightMatrix
    let value: WeightMatrix
    let queryNorm: UnsafePointer<Float>?
    let keyNorm: UnsafePointer<Float>?
    let attentionOutput: WeightMatrix
    let feedForwardNorm: UnsafePointer<Float>
    let feedForward: FeedForward
    private let expertsPerToken: Int

    /// One network for all tokens, or a router and a network for each expert. With experts each matrix is the first
    /// expert's; ``WeightMatrix/expert(_:)`` gives the others.
    struct FeedForward {
        let router: WeightMatrix?
        let gate: WeightMatrix
        let up: WeightMatrix
        let down: WeightMatrix
    }

    init(_ index: Int, _ c: InferenceConfiguration, _ loader: inout TensorLoader) throws(GGUFError) {
        self.index = index
        let prefix = "blk.\(index)."
        let d = c.embeddingLength
        let queries = c.headCount * c.headLength
        let keys = c.keyValueHeadCount * c.headLength
        attentionNorm = try loader.norm(prefix + "attn_norm", d)
        query = try loader.matrix(prefix + "attn_q", columns: d, rows: queries)
        key = try loader.matrix(prefix + "attn_k", columns: d, rows: keys)
        value = try loader.matrix(prefix + "attn_v", columns: d, rows: keys)
        queryNorm = c.normalisesHeads ? try loader.norm(prefix + "attn_q_norm", c.headLength) : nil
        keyNorm = c.normalisesHeads ? try loader.norm(prefix + "attn_k_norm", c.headLength) : nil
        attentionOutput = try loader.matrix(prefix + "attn_output", columns: queries, rows: d)
        feedForwardNorm = try loader.norm(prefix + "ffn_norm", d)
        let width = c.feedForwardLength
        if c.expertCount > 0 {
            feedForward = FeedForward(
                router: try loader.matrix(prefix + "ffn_gate_inp", columns: d, rows: c.expertCount),
                gate: try loader.matrix(prefix + "ffn_gate_exps", columns: d, rows: width, count: c.expertCount),
                up: try loader.matrix(prefix + "ffn_up_exps", columns: d, rows: width, count: c.expertCount),
                down: try loader.matrix(prefix + "ffn_down_exps", columns: width, rows: d, count: c.expertCount))
        } else {
            feedForward = FeedForward(
                router: nil, gate: try loader.matrix(prefix + "ffn_gate", columns: d, rows: width),
                up: try loader.matrix(prefix + "ffn_up", columns: d, rows: width),
                down: try loader.matrix(prefix + "ffn_down", columns: width, rows: d))
        }
        expertsPerToken = max(1, c.expertsPerToken)
    }

    /// All matrices; of several experts the first one's.
    var matrices: [WeightMatrix] {
        [query, key, value, attentionOutput, feedForward.gate, feedForward.up, feedForward.down] + (feedForward.router.map { [$0] } ?? [])
    }

    /// Bytes that one token reads.
    var activeByteCount: Int {
        func bytes(_ matrix: WeightMatrix?) -> Int { matrix.map { $0.rows * $0.rowByteCount } ?? 0 }
        let experts = bytes(feedForward.gate) + bytes(feedForward.up) + bytes(feedForward.down)
        return bytes(query) + bytes(key) + bytes(value) + bytes(attentionOutput) + bytes(feedForward.router)
            + expertsPerToken * experts
    }
}
