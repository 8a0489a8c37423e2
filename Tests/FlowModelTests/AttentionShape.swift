import CFlowKernels

/// Attention as tests ask the kernels for it: the last three of four heads of queries, of which two share keys and values.
struct AttentionShape {
    var length: Int
    var reach: Int
    var tokens: Int
    let heads = 4
    let storedHeads = 2
    let shared = 2
    let done = 1..<4

    /// From one token's queries to the next's.
    var stride: Int { heads * length + 8 }
    /// Keys that the last token sees.
    var all: Int { reach + tokens - 1 }

    /// Rows by token and stored head, as the kernels read them; what fills the last block is not a number.
    func laidOut(_ rows: [Float]) -> [Float] {
        let block = Int(CFLOW_ATTENTION_BLOCK)
        let blocks = (all + block - 1) / block
        var result = [Float](repeating: .nan, count: blocks * block * storedHeads * length)
        for position in 0..<all {
            for head in 0..<storedHeads {
                let target = ((position / block * storedHeads + head) * block + position % block) * length
                let source = (position * storedHeads + head) * length
                result.replaceSubrange(target..<target + length, with: rows[source..<source + length])
            }
        }
        return result
    }

    /// What a kernel writes; everything else stays no number.
    func attended(
        _ queries: [Float], _ type: Int32, keys: [UInt8], values: [UInt8], scale: Float, several: Bool,
        _ attend: (UnsafePointer<cflow_attention>) -> Void
    ) -> [Float] {
        var scores = [Float](repeating: .nan, count: done.count * tokens * (reach + tokens + 8))
        var out = [Float](repeating: .nan, count: tokens * stride)
        queries.withUnsafeBufferPointer { queries in
            keys.withUnsafeBytes { keys in
                values.withUnsafeBytes { values in
                    scores.withUnsafeMutableBufferPointer { scores in
                        out.withUnsafeMutableBufferPointer { out in
                            var attention = cflow_attention(
                                queries: queries.baseAddress!, query_stride: stride, type: type, keys: keys.baseAddress!, values: values.baseAddress!,
                                stored_heads: storedHeads, shared: shared, length: length, first_head: done.lowerBound, heads: done.count, reach: reach,
                                tokens: tokens, scale: scale, scores: scores.baseAddress!, out: out.baseAddress!, several: several)
                            attend(&attention)
                        }
                    }
                }
            }
        }
        return out
    }
}
