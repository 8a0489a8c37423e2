/// One tensor's place in the model's contiguous state.
public struct TensorDescriptor: Sendable, Equatable {
    /// The tensor's part in the model.
    public enum Role: Sendable, Equatable {
        case tokenEmbedding
        case attentionNorm, query, key, value, queryNorm, keyNorm, attentionOutput
        case expertNorm, router, gate, up, down
        case outputNorm, output
    }

    /// Name as in GGUF, for example `blk.0.attn_q.weight`.
    public let name: String
    public let role: Role
    /// The layer's number, or nil for the embedding and the head.
    public let layer: Int?
    /// Row-major; the last index runs fastest.
    public let shape: [Int]
    /// Index of the first element in the state.
    public let offset: Int
    /// Divisor D of the initial range `isqrt(⌊3·2^40 / D⌋)`, or nil for norm gains, which start at 1.
    let initialDivisor: Int?

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// The elements' indices in the state.
    public var range: Range<Int> { offset..<offset + count }
}
